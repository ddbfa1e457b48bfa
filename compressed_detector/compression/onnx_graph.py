# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a network as data to an ONNX model, which other runtimes read: to be compared with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compressed_detector.compression.network import (
    INPUT,
    Add,
    Concat,
    Conv,
    Layer,
    MaxPool,
    Network,
    Normalize,
    ResizeLike,
    Shape,
)
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

REMEDY = 'install it with: python3 -m pip install -r requirements/peers.txt'
# Read by every runtime of the last years; nothing newer is needed.
OPSET, IR_VERSION = 17, 8
MODES = {'bilinear': 'linear', 'nearest': 'nearest'}


def encode(network: Network, input_size: int) -> bytes:
    """
    Return the network as an ONNX file in float32, for one image.

    It takes ``image``, (1, channels, input_size, input_size), and returns a tensor (1, channels,
    height, width) of the name of each role. Raises CompressionError when onnx is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise CompressionError(f'onnx cannot be imported ({error}); {REMEDY}') from error
    writer = _Writer(onnx, network, network.shapes(input_size))
    for layer in network.layers:
        writer.add(layer)
    model: bytes = writer.finish().SerializeToString()
    return model


class _Writer:
    """Collects the nodes and constants of a graph, layer by layer."""

    def __init__(self, onnx: Any, network: Network, shapes: Mapping[str, Shape]) -> None:
        self._onnx, self._network, self._shapes = onnx, network, shapes
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, layer: Layer) -> None:
        """Add the nodes of a layer, the last of which has its name."""
        make: Any = {
            Normalize: self._normalize, Conv: self._convolve, MaxPool: self._max_pool,
            Concat: self._concatenate, Add: self._add, ResizeLike: self._resize,
        }[type(layer)]
        make(layer)

    def finish(self) -> Any:
        """Return the model, checked."""
        helper, outputs = self._onnx.helper, []
        for role, name in self._network.outputs.items():
            self._node('Identity', [name], role)
            outputs.append(self._tensor(role, self._shapes[name]))
        graph = helper.make_graph(
            self._nodes, 'network', [self._tensor(INPUT, self._shapes[INPUT])], outputs,
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid('', OPSET)], ir_version=IR_VERSION)
        self._onnx.checker.check_model(model)
        return model

    def _normalize(self, layer: Normalize) -> None:
        scale = (1 / np.array(layer.std, np.float32)).reshape(1, -1, 1, 1)
        offset = -np.array(layer.mean, np.float32).reshape(1, -1, 1, 1) * scale
        scaled = f'{layer.name}_scaled'
        self._node('Mul', [layer.inputs[0], self._constant(f'{layer.name}_scale', scale)], scaled)
        self._node('Add', [scaled, self._constant(f'{layer.name}_offset', offset)], layer.name)

    def _convolve(self, layer: Conv) -> None:
        weights = self._network.weights
        kernel = weights[layer.weight_name].transpose(3, 2, 0, 1)
        result = layer.name if layer.negative_slope is None else f'{layer.name}_linear'
        self._node(
            'Conv',
            [layer.inputs[0], self._constant(layer.weight_name, kernel),
             self._constant(layer.bias_name, weights[layer.bias_name])],
            result, kernel_shape=kernel.shape[2:], strides=[layer.stride] * 2,
            pads=self._pads(layer, kernel.shape[2]),
        )
        if layer.negative_slope == 0:
            self._node('Relu', [result], layer.name)
        elif layer.negative_slope is not None:
            self._node('LeakyRelu', [result], layer.name, alpha=layer.negative_slope)

    def _pads(self, layer: Conv, size: int) -> list[int]:
        sides = [layer.padding(side, size) for side in self._shapes[layer.inputs[0]][:2]]
        return [before for before, _ in sides] + [behind for _, behind in sides]

    def _max_pool(self, layer: MaxPool) -> None:
        # ONNX pads with what does not count.
        behind = layer.size - 2 - layer.before
        self._node('MaxPool', layer.inputs, layer.name, kernel_shape=[layer.size] * 2,
                   strides=[2, 2], pads=[layer.before] * 2 + [behind] * 2)

    def _concatenate(self, layer: Concat) -> None:
        self._node('Concat', layer.inputs, layer.name, axis=1)

    def _add(self, layer: Add) -> None:
        self._node('Add', layer.inputs, layer.name)

    def _resize(self, layer: ResizeLike) -> None:
        height, width, channels = self._shapes[layer.name]
        sizes = self._constant(
            f'{layer.name}_sizes', np.array([1, channels, height, width], np.int64))
        self._node('Resize', [layer.inputs[0], '', '', sizes], layer.name,
                   mode=MODES[layer.method], coordinate_transformation_mode='half_pixel')

    def _constant(self, name: str, array: Floats | np.ndarray[Any, Any]) -> str:
        contiguous = np.ascontiguousarray(array)
        self._constants.append(self._onnx.numpy_helper.from_array(contiguous, name))
        return name

    def _node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        self._nodes.append(self._onnx.helper.make_node(
            kind, list(inputs), [output], name=output, **attributes))

    def _tensor(self, name: str, shape: Shape) -> Any:
        height, width, channels = shape
        return self._onnx.helper.make_tensor_value_info(
            name, self._onnx.TensorProto.FLOAT, [1, channels, height, width])
