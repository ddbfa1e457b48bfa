# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A build on disk: layers, weights, forms and notes in one .npz, without anything executable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.compression import files, layer_json, npz
from compressed_detector.compression.build import Build
from compressed_detector.compression.convert import Conversion
from compressed_detector.compression.formats import FORMATS
from compressed_detector.compression.forms import Form, Forms
from compressed_detector.compression.network import Network
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

MASK, ASSIGNMENTS, BINARY, WEIGHT = 'mask:', 'assignments:', 'binary:', 'weight:'


def encode(build: Build) -> bytes:
    """
    Return the content of the file.

    Of the conversion it has what was trained for: the format, and ranges of activations.
    """
    network = build.network
    head = {
        'layers': layer_json.to_json(network.layers),
        'outputs': dict(network.outputs),
        'input_channels': network.input_channels,
        'notes': list(build.notes),
        'format': build.conversion.format.code,
        'ranges': dict(build.conversion.ranges),
    }
    return npz.encode({'head': json.dumps(head), **arrays_of(network.weights, build.forms)})


def load(path: Path) -> Build:
    """Read a build; raises CompressionError when the file is not one."""
    content = files.read(path, 'checkpoint')
    try:
        arrays = npz.decode(content)
        head = json.loads(str(arrays.pop('head')))
        return _build(head, arrays)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError,
            CompressionError) as error:
        raise CompressionError(
            f'{path}: expected a checkpoint of compress_model: {error}; remove it to build this '
            'stage again'
        ) from error


def _build(head: Mapping[str, Any], arrays: Mapping[str, Any]) -> Build:
    weights, forms = parts_of(arrays)
    network = Network(
        layer_json.from_json(head['layers']), head['outputs'], weights, head['input_channels'],
    )
    ranges = {name: (float(low), float(high)) for name, (low, high) in head['ranges'].items()}
    conversion = Conversion(FORMATS[head['format']], ranges)
    return Build(network, conversion, tuple(head['notes']), forms)


def arrays_of(weights: Mapping[str, Floats], forms: Forms) -> dict[str, Any]:
    """Return weights and their forms as arrays for one .npz; parts_of takes them apart."""
    arrays: dict[str, Any] = {WEIGHT + name: array for name, array in weights.items()}
    for name, form in forms.items():
        binary = np.array(True) if form.binary else None
        parts = ((MASK, form.mask), (ASSIGNMENTS, form.assignments), (BINARY, binary))
        arrays.update({key + name: part for key, part in parts if part is not None})
    return arrays


def parts_of(arrays: Mapping[str, Any]) -> tuple[dict[str, Floats], dict[str, Form]]:
    """Return the weights and their forms; raises CompressionError when they do not fit."""
    masks, assignments = _part(arrays, MASK), _part(arrays, ASSIGNMENTS)
    binary = _part(arrays, BINARY)
    forms = {name: Form(masks.get(name), assignments.get(name), name in binary)
             for name in sorted({*masks, *assignments, *binary})}
    return _part(arrays, WEIGHT), forms


def _part(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items()
            if name.startswith(prefix)}
