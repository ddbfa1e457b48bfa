# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Import of a user's own Keras detector: the model and a description in, dense weights out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from compressed_detector.compression import dense, files
from compressed_detector.compression.architectures import ARCHITECTURES, Architecture, imported
from compressed_detector.compression.importing import WEIGHTS_NAME
from compressed_detector.compression.keras_import import network_of
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import Network
from compressed_detector.compression.tensorflow_runtime import captured_output, tensorflow
from compressed_detector.detection.heads import HEADS
from compressed_detector.detection.manifest import InputSpec
from compressed_detector.errors import CompressionError, ModelError

FILES = (f'{WEIGHTS_NAME}.npz', f'{WEIGHTS_NAME}.json')
SUFFIXES = ('.keras', '.h5')
# Relative to the largest output: the order of float32 sums, and folded batch normalization.
LARGEST_DIFFERENCE = 1e-3
REQUIRED: Mapping[str, type] = {
    'name': str, 'license': str, 'outputs': dict, 'labels': list, 'head_options': dict}
DEFAULTS: Mapping[str, Any] = {
    'head': 'gfl', 'features': [], 'resize': 'letterbox_top_left', 'pad_value': 114,
    'color': 'bgr', 'source': 'unknown'}
EXAMPLE = """name: my_detector
license: Apache-2.0            # of the weights; it travels with them
source: https://example.com/my_detector
outputs: {stride_8: head_8, stride_16: head_16, stride_32: head_32}   # role: layer
head: gfl                      # logits of the classes, then of the bins of 4 distances
head_options: {strides: [8, 16, 32], bins: 11}
labels: [person, car]
features: [pan_8, pan_16]      # layers that a compressed network should agree with, too
color: bgr                     # or rgb; pixels enter as they are, 0 to 255
resize: letterbox_top_left
pad_value: 114"""


def import_keras(path: Path, description: Path) -> tuple[dict[str, bytes], float]:
    """
    Return the files of a Keras detector's dense weights, by name, and how far they are off.

    ``path`` is a .keras or .h5 file, ``description`` a YAML file like EXAMPLE. The figure is the
    largest difference of any output between the model and the network rebuilt from the weights,
    in float16 as they are stored, relative to the largest output, on noise. Raises
    CompressionError when the model or the description is none, or when the network computes
    something else.
    """
    values = _described(description)
    model = _loaded(path)
    network = network_of(model, values['outputs'])
    architecture = _architecture(model, network, values)
    difference = _difference(model, network, values['outputs'])
    if difference > LARGEST_DIFFERENCE:
        raise CompressionError(
            f'{path}: expected the rebuilt network to compute what the model computes, got '
            f'outputs that differ by {difference:.3g} of the largest; do outputs name layers '
            'before their normalization or activation?')
    halves = dataclasses.replace(network, weights={
        name: array.astype(np.float16).astype(np.float32)
        for name, array in network.weights.items()})
    provenance = {
        **imported.to_json(architecture, network),
        'source': {'file': path.name, 'project': values['source'], 'license': values['license'],
                   'sha256': {path.name: files.sha256(files.read(path, 'Keras model'))}},
        'changes': 'batch normalization is folded into the convolutions; float16',
    }
    return dense.encode(network, provenance, WEIGHTS_NAME), _difference(
        model, halves, values['outputs'])


def _described(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(files.read(path, 'description of the detector'))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise CompressionError(f'{path}: expected YAML: {error}') from error
    if not isinstance(values, dict):
        raise CompressionError(f'{path}: expected keys and values like\n{EXAMPLE}')
    known = {**REQUIRED,
             **{key: type(value) for key, value in DEFAULTS.items()}}
    for key, value in values.items():
        if key not in known:
            raise CompressionError(f'{path}: unknown key {key!r}, known: {", ".join(known)}')
        if type(value) is not known[key]:
            raise CompressionError(
                f'{path}: {key}: expected {known[key].__name__}, got {value!r}')
    missing = [key for key in REQUIRED if key not in values]
    if missing:
        raise CompressionError(f'{path}: missing keys {missing}; a description is like\n{EXAMPLE}')
    if not imported.NAME.fullmatch(values['name']) or values['name'] in ARCHITECTURES:
        raise CompressionError(
            f'{path}: name: expected a new name of small letters, digits and underscores, with a '
            f'letter after each underscore, got {values["name"]!r}')
    return {**DEFAULTS, **values}


def _loaded(path: Path) -> Any:
    if path.suffix not in SUFFIXES:
        raise CompressionError(
            f'{path}: expected a Keras model ({" or ".join(SUFFIXES)}), got {path.suffix!r}')
    files.read(path, 'Keras model')
    keras = tensorflow().keras
    try:
        with captured_output():
            model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its layers raise
        raise CompressionError(
            f'{path}: expected a Keras model of layers that Keras knows: {error}') from error
    if not hasattr(model, 'operations'):
        raise CompressionError(f'{path}: expected a functional or sequential model, got '
                               f'{type(model).__name__}')
    return model


def _architecture(model: Any, network: Network, values: Mapping[str, Any]) -> Architecture:
    height, width = model.inputs[0].shape[1:3]
    if height != width:
        raise CompressionError(f'expected a square input, got {height}x{width}')
    shapes = {role: (1, *network.shapes(height)[name]) for role, name in network.outputs.items()}
    _check(values, shapes, height)
    unknown = set(values['features']) - {layer.name for layer in network.layers}
    if unknown:
        raise CompressionError(f'features: expected names of layers, got {sorted(unknown)}')
    same = {key: values[key] for key in ('resize', 'pad_value', 'color', 'head', 'head_options')}
    return Architecture(
        name=values['name'], build=lambda weights: network, native_size=height,
        size_multiple=max(height // shape[1] for shape in shapes.values()),
        labels=tuple(values['labels']), features=tuple(values['features']), **same,
    )


def _check(values: Mapping[str, Any], shapes: Mapping[str, Any], size: int) -> None:
    """Raise CompressionError when a model of this description could not be read by the node."""
    if values['head'] not in HEADS:
        raise CompressionError(f'head: expected one of {sorted(HEADS)}, got {values["head"]!r}')
    try:
        InputSpec((1, size, size, 3), 'float32', values['color'], values['pad_value'],
                  resize=values['resize'])
        HEADS[values['head']](
            shapes, len(values['labels']), (size, size), **values['head_options'])
    except (ModelError, TypeError) as error:
        raise CompressionError(f'description: {error}') from error


def _difference(model: Any, network: Network, outputs: Mapping[str, str]) -> float:
    size = model.inputs[0].shape[1]
    wanted = tensorflow().keras.Model(model.inputs, {
        role: model.get_layer(name).output for role, name in outputs.items()})
    image = np.random.default_rng(0).uniform(
        0, 255, (1, size, size, network.input_channels)).astype(np.float32)
    expected, got = wanted(image), build_model(network, size)(image)
    pairs = [(np.asarray(expected[role]), np.asarray(got[role])) for role in network.outputs]
    scale = max(float(np.abs(array).max()) for array, _ in pairs)
    return max(float(np.abs(one - other).max()) for one, other in pairs) / max(scale, 1e-9)
