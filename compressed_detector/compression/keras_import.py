# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a Keras 3 model to a network as data: the way back of keras_network."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from compressed_detector.compression.keras_operations import refusal, slope_of, sources_of
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
    total_padding,
)
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

SUPPORTED = ('Rescaling, Normalization, ZeroPadding2D, Conv2D, BatchNormalization, ReLU, '
             'LeakyReLU, Activation (relu, leaky_relu, linear), MaxPooling2D, Concatenate, Add, '
             'UpSampling2D, Resizing, Dropout')


def network_of(model: Any, outputs: Mapping[str, str]) -> Network:
    """
    Return a functional Keras model as a network; its convolutions keep their layers' names.

    ``outputs`` names by role the layers whose results are wanted. Batch normalization becomes
    part of the convolution before it. Raises CompressionError, which names the layer, for what
    the network as data cannot say.
    """
    reader = _Reader(model)
    for operation in model.operations:
        reader.read(operation)
    missing = [name for name in outputs.values() if name not in reader.names]
    if missing:
        raise CompressionError(
            f'outputs: expected names of layers, got {missing}; the last layers are '
            f'{", ".join(list(reader.names)[-6:])}')
    named = {role: reader.names[name] for role, name in outputs.items()}
    return _needed(Network(
        tuple(reader.layers), named, reader.weights, int(model.inputs[0].shape[-1])))


def _needed(network: Network) -> Network:
    """Return the network without the layers that no output needs."""
    wanted = set(network.outputs.values())
    for layer in reversed(network.layers):
        if layer.name in wanted:
            wanted.update(layer.inputs)
    layers = tuple(layer for layer in network.layers if layer.name in wanted)
    kept = {name for layer in layers if isinstance(layer, Conv)
            for name in (layer.weight_name, layer.bias_name)}
    weights = {name: array for name, array in network.weights.items() if name in kept}
    return Network(layers, network.outputs, weights, network.input_channels)


class _Reader:
    """
    Reads operation by operation; ``names`` says which layer has an operation's result.

    A padding is kept until the convolution that it belongs to is read.
    """

    def __init__(self, model: Any) -> None:
        if len(model.inputs) != 1:
            raise CompressionError(f'expected a model with one input, got {len(model.inputs)}')
        self.layers: list[Layer] = []
        self.weights: dict[str, Floats] = {}
        self.names: dict[str, str] = {}
        self._shapes: dict[str, tuple[int, int]] = {}
        self._paddings: dict[str, Any] = {}
        self._uses = collections.Counter(
            name for operation in model.operations for name in sources_of(operation))

    def read(self, operation: Any) -> None:
        """Add what the operation is; raises CompressionError."""
        kind = type(operation).__name__
        read: Callable[[Any, list[str]], None] | None = getattr(self, f'_read_{kind}', None)
        if read is None:
            raise refusal(operation, f'is of kind {kind}; known: {SUPPORTED}')
        sources = sources_of(operation)
        padded = [name for name in sources if name in self._paddings]
        if padded and kind != 'Conv2D':
            raise refusal(operation, 'follows a ZeroPadding2D; only a Conv2D may')
        read(operation, [self.names[name] for name in sources])
        height, width = operation.output.shape[1:3]
        if height is None or width is None:
            raise refusal(operation, "has a size that is not known; give the model's Input one")
        self._shapes.setdefault(self.names[operation.name], (height, width))

    def _add(self, layer: Layer, operation: Any) -> None:
        self.layers.append(layer)
        self.names[operation.name] = layer.name

    def _alone(self, operation: Any) -> Conv:
        """Return the convolution before an operation that becomes part of it."""
        (source,) = sources_of(operation)
        by_name = {layer.name: layer for layer in self.layers}
        conv = by_name.get(self.names[source])
        if not isinstance(conv, Conv) or conv.negative_slope is not None:
            raise refusal(operation, 'has to follow a Conv2D without an activation')
        if self._uses[source] > 1:
            raise refusal(operation, f'is not the only one that reads {source}')
        return conv

    def _replace(self, conv: Conv, operation: Any, **changes: Any) -> None:
        self.layers[self.layers.index(conv)] = dataclasses.replace(conv, **changes)
        self.names[operation.name] = conv.name

    def _read_InputLayer(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        self.names[operation.name] = INPUT

    def _read_Dropout(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        self.names[operation.name] = inputs[0]

    def _read_Rescaling(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        channels = operation.output.shape[-1]
        scale = np.broadcast_to(np.asarray(operation.scale, np.float64), channels)
        offset = np.broadcast_to(np.asarray(operation.offset, np.float64), channels)
        self._normalize(operation, inputs, -offset / scale, 1 / scale)

    def _read_Normalization(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        if getattr(operation, 'invert', False):
            raise refusal(operation, 'inverts; only normalization is known')
        channels = operation.output.shape[-1]
        mean, variance = (np.broadcast_to(np.asarray(value, np.float64).reshape(-1), channels)
                          for value in (operation.mean, operation.variance))
        self._normalize(operation, inputs, mean, np.maximum(np.sqrt(variance), 1e-7))

    def _normalize(self, operation: Any, inputs: list[str], mean: Any, std: Any) -> None:
        self._add(Normalize(operation.name, tuple(inputs), tuple(mean.tolist()),
                            tuple(std.tolist())), operation)

    def _read_ZeroPadding2D(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        self._paddings[operation.name] = operation.padding
        self.names[operation.name] = inputs[0]

    def _read_Conv2D(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        size, stride = operation.kernel_size[0], operation.strides[0]
        plain = (operation.kernel_size == (size, size) and size % 2 == 1 and operation.groups == 1
                 and operation.strides == (stride, stride) and operation.dilation_rate == (1, 1))
        if not plain:
            raise refusal(operation, 'needs a square kernel of an odd size and one stride, '
                                      'without groups and dilation')
        layer = Conv(operation.name, tuple(inputs), stride, None,
                     self._before(operation, size, stride))
        kernel = np.asarray(operation.kernel)
        bias = np.asarray(operation.bias) if operation.use_bias else np.zeros(kernel.shape[3])
        self.weights[layer.weight_name] = kernel.astype(np.float32)
        self.weights[layer.bias_name] = bias.astype(np.float32)
        self._add(layer, operation)
        self._activate(layer, operation, slope_of(operation))

    def _before(self, operation: Any, size: int, stride: int) -> int | None:
        """Return the zeros above and to the left; None where they are half a kernel."""
        (source,) = sources_of(operation)
        rows, columns = self._shapes[self.names[source]]
        height, width = operation.output.shape[1:3]
        if source in self._paddings:
            (before, _), (left, _) = self._paddings[source]
            before = before if before == left else -1
        elif operation.padding == 'same':
            before = total_padding(rows, stride, size) // 2
        else:
            before = 0
        expected = (-(-rows // stride), -(-columns // stride))
        if (operation.padding == 'same' and source in self._paddings) or before < 0 \
                or (height, width) != expected:
            raise refusal(operation, f'needs as much padding above as to the left, and a result '
                                      f'of {expected}, got {(height, width)}')
        return None if before == size // 2 else before

    def _read_BatchNormalization(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        conv = self._alone(operation)
        gain = 1 / np.sqrt(np.asarray(operation.moving_variance, np.float64) + operation.epsilon)
        if operation.scale:
            gain = gain * np.asarray(operation.gamma)
        shift = -np.asarray(operation.moving_mean, np.float64) * gain
        if operation.center:
            shift = shift + np.asarray(operation.beta)
        bias = self.weights[conv.bias_name] * gain + shift
        kernel = self.weights[conv.weight_name] * gain
        self.weights[conv.weight_name] = kernel.astype(np.float32)
        self.weights[conv.bias_name] = bias.astype(np.float32)
        self.names[operation.name] = conv.name

    def _read_ReLU(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        if operation.max_value is not None or operation.threshold:
            raise refusal(operation, 'has a maximum or a threshold; only plain ReLU is known')
        self._activate(self._alone(operation), operation, float(operation.negative_slope))

    def _read_LeakyReLU(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        self._activate(self._alone(operation), operation, float(operation.negative_slope))

    def _read_Activation(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        slope = slope_of(operation)
        if slope is None:
            self.names[operation.name] = inputs[0]
        else:
            self._activate(self._alone(operation), operation, slope)

    def _activate(self, conv: Conv, operation: Any, slope: float | None) -> None:
        if slope is not None:
            self._replace(conv, operation, negative_slope=slope)

    def _read_MaxPooling2D(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        size = operation.pool_size[0]
        rows, columns = self._shapes[inputs[0]]
        exact = operation.padding == 'same' or size == 2
        if (operation.pool_size not in ((2, 2), (3, 3)) or operation.strides != (2, 2)
                or not exact or rows % 2 or columns % 2):
            raise refusal(operation, 'needs windows of 2 or 3 pixels (3 with padding "same"), '
                                      'strides of 2 and an input of an even size')
        self._add(MaxPool(operation.name, tuple(inputs), size, 0), operation)

    def _read_Concatenate(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        if operation.axis not in (-1, 3):
            raise refusal(operation, 'needs to join channels')
        self._add(Concat(operation.name, tuple(inputs)), operation)

    def _read_Add(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        first = inputs[0]
        for number, other in enumerate(inputs[1:-1]):
            layer = Add(f'{operation.name}_{number}', (first, other))
            self.layers.append(layer)
            first = layer.name
        self._add(Add(operation.name, (first, inputs[-1])), operation)

    def _read_UpSampling2D(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        self._resize(operation, inputs)

    def _read_Resizing(self, operation: Any, inputs: list[str]) -> None:  # noqa: N802
        if operation.crop_to_aspect_ratio or operation.pad_to_aspect_ratio:
            raise refusal(operation, 'crops or pads; only resizing is known')
        self._resize(operation, inputs)

    def _resize(self, operation: Any, inputs: list[str]) -> None:
        method, size = operation.interpolation, tuple(operation.output.shape[1:3])
        # A network as data takes sizes from its layers, so that it fits any input size.
        like = [name for name, shape in self._shapes.items() if shape == size]
        if method not in ('bilinear', 'nearest') or not like:
            raise refusal(operation, f'needs bilinear or nearest, and a layer before it of its '
                                      f'size {size}; got {method} and sizes '
                                      f'{sorted(set(self._shapes.values()))}')
        self._add(ResizeLike(operation.name, (inputs[0], like[-1]), method), operation)
