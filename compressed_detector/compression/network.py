# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A convolutional network as plain data: layers by name, and weights as NumPy arrays.

Every transformation of the workshop takes a network and returns another one: it decides with
NumPy and edits layers or weights. Channel counts are nowhere but in the shapes of the weights.
TensorFlow enters only when a network is trained or converted (see keras_network).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

INPUT = 'image'
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """One step of the computation; ``inputs`` are the names of layers, or INPUT."""

    name: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Normalize(Layer):
    """(pixel - mean) / std, per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Conv(Layer):
    """
    A convolution with bias, padded with zeros to a result of ceil(size / stride).

    On each side are (kernel - 1) / 2 of them; or ``before`` above and to the left, and as many
    as it takes below and to the right. Its weights are ``<name>_weight`` (kernel, kernel,
    channels in, channels out) and ``<name>_bias``. A LeakyReLU follows unless ``negative_slope``
    is None.
    """

    stride: int
    negative_slope: float | None
    before: int | None = None

    @property
    def weight_name(self) -> str:
        """The key of the kernel among the network's weights."""
        return f'{self.name}_weight'

    @property
    def bias_name(self) -> str:
        """The key of the bias among the network's weights."""
        return f'{self.name}_bias'

    def padding(self, size: int, kernel: int) -> tuple[int, int]:
        """Return the zeros before and behind a row of ``size`` pixels."""
        if self.before is None:
            return kernel // 2, kernel // 2
        return self.before, max(total_padding(size, self.stride, kernel) - self.before, 0)


@dataclass(frozen=True)
class MaxPool(Layer):
    """
    The maximum over windows of ``size`` x ``size`` pixels, one for every second pixel.

    Windows begin ``before`` pixels above and to the left of it: by default they are centred on
    it. What lies outside the input does not count (it is -inf, not 0); height and width are even.
    """

    size: int = 3
    before: int = 1


@dataclass(frozen=True)
class Concat(Layer):
    """The channels of all inputs, one after the other."""


@dataclass(frozen=True)
class Add(Layer):
    """The sum of two inputs of one shape."""


@dataclass(frozen=True)
class ResizeLike(Layer):
    """
    The first input, resized to the height and width of the second, with half-pixel centres.

    ``method`` is ``bilinear`` or ``nearest``.
    """

    method: str = 'bilinear'


@dataclass(frozen=True, eq=False)
class Network:
    """
    Layers in the order of computation, the outputs by role, and the weights by name.

    Raises CompressionError when the parts do not fit together.
    """

    layers: tuple[Layer, ...]
    outputs: Mapping[str, str]
    weights: Mapping[str, Floats]
    input_channels: int = 3

    def __post_init__(self) -> None:
        known = {INPUT}
        for layer in self.layers:
            missing = [name for name in layer.inputs if name not in known]
            _require(not missing, f'layer {layer.name!r}: expected inputs computed before it, '
                     f'got {missing}')
            _require(layer.name not in known, f'expected one layer of the name {layer.name!r}')
            known.add(layer.name)
        lost = sorted(set(self.outputs.values()) - known)
        _require(not lost, f'outputs: expected names of layers, got {lost}')
        self._check_weight_names()

    def _check_weight_names(self) -> None:
        expected = {
            name for conv in self.convolutions for name in (conv.weight_name, conv.bias_name)
        }
        missing, surplus = expected - set(self.weights), set(self.weights) - expected
        _require(not missing and not surplus,
                 f'weights: missing {sorted(missing)}, of no layer {sorted(surplus)}')

    @property
    def convolutions(self) -> tuple[Conv, ...]:
        """The layers that have weights."""
        return tuple(layer for layer in self.layers if isinstance(layer, Conv))

    def shapes(self, input_size: int) -> dict[str, Shape]:
        """
        Return (height, width, channels) of the input and of every layer's result.

        ``input_size`` is height and width of the input in pixels. Raises CompressionError where
        a layer cannot take what it is given.
        """
        shapes: dict[str, Shape] = {INPUT: (input_size, input_size, self.input_channels)}
        for layer in self.layers:
            shapes[layer.name] = self._shape(layer, [shapes[name] for name in layer.inputs])
        return shapes

    def _shape(self, layer: Layer, inputs: list[Shape]) -> Shape:
        height, width, channels = inputs[0]
        if isinstance(layer, Conv):
            kernel = self._kernel(layer, channels)
            return (*_strided(height, width, layer.stride), kernel.shape[3])
        if isinstance(layer, MaxPool):
            _require(height % 2 == 0 and width % 2 == 0,
                     f'layer {layer.name!r}: expected an even size, got {height}x{width}')
            return (*_strided(height, width, 2), channels)
        if isinstance(layer, Concat):
            _require(len({shape[:2] for shape in inputs}) == 1,
                     f'layer {layer.name!r}: expected inputs of one size, got {inputs}')
            return height, width, sum(shape[2] for shape in inputs)
        if isinstance(layer, ResizeLike):
            return inputs[1][0], inputs[1][1], channels
        _require(len(set(inputs)) == 1,
                 f'layer {layer.name!r}: expected inputs of one shape, got {inputs}')
        return inputs[0]

    def _kernel(self, layer: Conv, channels: int) -> Floats:
        kernel, bias = self.weights[layer.weight_name], self.weights[layer.bias_name]
        size = kernel.shape[0]
        _require(kernel.ndim == 4 and kernel.shape[:3] == (size, size, channels) and size % 2 == 1,
                 f'{layer.weight_name}: expected shape (k, k, {channels}, channels out) with k '
                 f'odd, got {kernel.shape}')
        _require(bias.shape == kernel.shape[3:],
                 f'{layer.bias_name}: expected shape {kernel.shape[3:]}, got {bias.shape}')
        _require(bool(np.isfinite(kernel).all() and np.isfinite(bias).all()),
                 f'{layer.name}: expected finite weights, got infinite ones or NaN')
        return kernel


def total_padding(size: int, stride: int, kernel: int) -> int:
    """Return the zeros beside a row of ``size`` pixels that ceil(size / stride) windows take."""
    return max((-(-size // stride) - 1) * stride + kernel - size, 0)


def _strided(height: int, width: int, stride: int) -> tuple[int, int]:
    return -(-height // stride), -(-width // stride)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise CompressionError(message)
