# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""NanoDet-g as the TensorFlow.js graph that it was published as, written from given weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from small_networks import VALID, GraphWriter

from compressed_detector.compression.architectures import nanodet_g
from compressed_detector.compression.architectures.nanodet_g_source import GRAPH_OUTPUTS
from compressed_detector.compression.network import Add, Concat, Conv, Layer, MaxPool, ResizeLike

HALF_PIXEL = {'half_pixel_centers': {'b': True}, 'align_corners': {'b': False}}


def write_graph(weights: Mapping[str, np.ndarray], pool_padding: float = -np.inf) -> GraphWriter:
    """The graph in NHWC after one transposition; the original transposes around every layer."""
    graph = GraphWriter()
    graph.node('Placeholder', 'input_1', [])
    graph.node('Transpose', 'normalize', ['input_1', graph.constant('nhwc', [0, 2, 3, 1])])
    sizes: dict[str, int] = {'normalize': 416}
    for layer in nanodet_g.layers()[1:]:
        _write_layer(graph, layer, weights, sizes, pool_padding)
    for level, (stride, names) in enumerate(GRAPH_OUTPUTS.items()):
        _write_outputs(graph, f'conv{29 + 2 * level}', (416 // stride) ** 2, names)
    return graph


def _write_layer(
    graph: GraphWriter, layer: Layer, weights: Mapping[str, np.ndarray], sizes: dict[str, int],
    pool_padding: float,
) -> None:
    size = sizes[layer.inputs[0]]
    if isinstance(layer, Conv):
        size //= layer.stride
        _write_conv(graph, layer, weights)
    elif isinstance(layer, MaxPool):
        size //= 2
        pads = graph.constant('pool/pads', [[0, 0], [1, 1], [1, 1], [0, 0]])
        value = graph.constant('pool/value', np.float32(pool_padding))
        padded = graph.node('PadV2', 'pool/pad', [*layer.inputs, pads, value])
        graph.node('MaxPool', layer.name, [padded], padding=VALID,
                   ksize={'list': {'i': ['1', '3', '3', '1']}},
                   strides={'list': {'i': ['1', '2', '2', '1']}})
    elif isinstance(layer, Concat):
        axis = graph.constant(f'{layer.name}/axis', 3)
        graph.node('ConcatV2', layer.name, [*layer.inputs, axis])
    elif isinstance(layer, ResizeLike):
        size = sizes[layer.inputs[1]]
        wanted = graph.constant(f'{layer.name}/size', [size, size])
        graph.node('ResizeBilinear', layer.name, [layer.inputs[0], wanted], **HALF_PIXEL)
    else:
        assert isinstance(layer, Add)
        graph.node('AddV2', layer.name, list(layer.inputs))
    sizes[layer.name] = size


def _write_conv(graph: GraphWriter, layer: Conv, weights: Mapping[str, np.ndarray]) -> None:
    number = int(layer.name.removeprefix('conv'))
    name = f'PartitionedCall/convolution{f"_{number}" if number else ""}'
    result = graph.conv(
        name, layer.inputs[0], weights[layer.weight_name], weights[layer.bias_name], layer.stride
    )
    if layer.negative_slope is None:
        graph.node('Identity', layer.name, [result])
    else:
        graph.node('LeakyRelu', layer.name, [result], alpha={'f': layer.negative_slope})


def _write_outputs(graph: GraphWriter, source: str, count: int, names: tuple[str, str]) -> None:
    sizes = graph.constant(f'{source}/sizes', [80, 44])
    split = graph.node('SplitV', f'{source}/split',
                       [source, sizes, graph.constant(f'{source}/axis', 3)])
    scores = graph.node('Sigmoid', f'{source}/sigmoid', [split])
    for name, part, channels in ((names[0], scores, 80), (names[1], f'{split}:1', 44)):
        shape = graph.constant(f'{name}/shape', [1, count, channels])
        graph.node('Reshape', name, [part, shape])
