# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a network as data to a Keras 3 model with layers of the same names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    total_padding,
)
from compressed_detector.compression.tensorflow_runtime import tensorflow

# Called with the name of a tensor and the tensor; what it returns is computed with instead.
After = Callable[[str, Any], Any]


def unchanged(name: str, tensor: Any) -> Any:
    """Return the tensor."""
    return tensor


def build_model(
    network: Network, input_size: int, results: Mapping[str, str] | None = None,
    batch_size: int | None = 1, after: After = unchanged,
) -> Any:
    """
    Return the network as a Keras model, for any number of pictures when ``batch_size`` is None.

    It takes float32 (batch, input_size, input_size, channels) and returns a dictionary. Its keys
    are the roles of the network's outputs; or those of ``results``, which names layers: features
    for distillation are the results of any layers.

    ``after`` is called with the image and with every layer's result, by the layer's name; of a
    convolution with what it computes before its activation, and as ``<name>_activation`` with
    what comes out of that. Before a ReLU it is not called: it becomes part of the convolution.
    """
    keras = tensorflow().keras
    shapes = network.shapes(input_size)
    image = keras.Input(shapes[INPUT], batch_size=batch_size, name=INPUT)
    tensors = {INPUT: after(INPUT, image)}
    for layer in network.layers:
        result = _apply(keras, layer, [tensors[name] for name in layer.inputs], network)
        if isinstance(layer, Conv):
            result = _activate(keras, layer, result, after)
        tensors[layer.name] = after(tensor_name(layer), result)
    wanted = network.outputs if results is None else results
    return keras.Model(image, {role: tensors[name] for role, name in wanted.items()})


def tensor_name(layer: Layer) -> str:
    """Return the name of the tensor that is a layer's result."""
    if isinstance(layer, Conv) and layer.negative_slope is not None:
        return f'{layer.name}_activation'
    return layer.name


def _apply(keras: Any, layer: Layer, inputs: Sequence[Any], network: Network) -> Any:
    make: Any = {
        Normalize: _normalize, Conv: _convolve, MaxPool: _max_pool, Concat: _concatenate,
        Add: _add, ResizeLike: _resize,
    }[type(layer)]
    return make(keras, layer, inputs, network)


def _normalize(keras: Any, layer: Normalize, inputs: Sequence[Any], network: Network) -> Any:
    # Its own step, not folded into the first convolution: that one pads with zeros after the
    # normalization, and folded it would have to pad with the mean of each channel. A depthwise
    # 1x1 convolution is an operation that XNNPACK takes in float and in int8.
    scale = 1 / np.array(layer.std, np.float32)
    depthwise = keras.layers.DepthwiseConv2D(1, name=layer.name, trainable=False)
    result = depthwise(inputs[0])
    depthwise.set_weights([
        scale.reshape(1, 1, -1, 1), -np.array(layer.mean, np.float32) * scale
    ])
    return result


def _convolve(keras: Any, layer: Conv, inputs: Sequence[Any], network: Network) -> Any:
    kernel = network.weights[layer.weight_name]
    size, x = kernel.shape[0], inputs[0]
    sides = tuple(layer.padding(side, size) for side in x.shape[1:3])
    padding = 'same'
    if any(side != _same_padding(length, layer.stride, size)
           for side, length in zip(sides, x.shape[1:3])):
        # 'same' shifts a strided convolution of an even size by one pixel.
        x = keras.layers.ZeroPadding2D(sides, name=f'{layer.name}_pad')(x)
        padding = 'valid'
    convolution = keras.layers.Conv2D(
        kernel.shape[3], size, strides=layer.stride, padding=padding, name=layer.name
    )
    result = convolution(x)
    convolution.set_weights([kernel, network.weights[layer.bias_name]])
    return result


def _same_padding(length: int, stride: int, size: int) -> tuple[int, int]:
    """Return the zeros before and behind a row that Keras adds where padding is 'same'."""
    total = total_padding(length, stride, size)
    return total // 2, total - total // 2


def _activate(keras: Any, layer: Conv, result: Any, after: After) -> Any:
    if layer.negative_slope is None:
        return result
    if layer.negative_slope == 0:
        return keras.layers.ReLU(name=tensor_name(layer))(result)
    return keras.layers.LeakyReLU(
        negative_slope=layer.negative_slope, name=tensor_name(layer)
    )(after(layer.name, result))


def _max_pool(keras: Any, layer: MaxPool, inputs: Sequence[Any], network: Network) -> Any:
    if layer.before == 0:
        return keras.layers.MaxPooling2D(layer.size, 2, 'same', name=layer.name)(inputs[0])
    # Windows that reach over the top or left edge must ignore what is outside. Repeating the
    # first row and column does exactly that, since those windows contain them anyway; a constant
    # low enough to be ignored would widen the range that int8 has to represent.
    x = inputs[0]
    x = keras.layers.Concatenate(axis=1, name=f'{layer.name}_top')([x[:, :1], x])
    x = keras.layers.Concatenate(axis=2, name=f'{layer.name}_left')([x[:, :, :1], x])
    return keras.layers.MaxPooling2D(3, 2, 'valid', name=layer.name)(x)


def _concatenate(keras: Any, layer: Concat, inputs: Sequence[Any], network: Network) -> Any:
    return keras.layers.Concatenate(name=layer.name)(list(inputs))


def _add(keras: Any, layer: Add, inputs: Sequence[Any], network: Network) -> Any:
    return keras.layers.Add(name=layer.name)(list(inputs))


def _resize(keras: Any, layer: ResizeLike, inputs: Sequence[Any], network: Network) -> Any:
    height, width = inputs[1].shape[1:3]
    return keras.layers.Resizing(
        height, width, interpolation=layer.method, name=layer.name
    )(inputs[0])
