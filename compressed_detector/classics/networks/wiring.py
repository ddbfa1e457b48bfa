# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The layers that published classifiers are wired of; the shapes of weights say their widths.

Where a convolution ``conv1`` has the weights ``conv1_norm_gamma`` and ``conv1_norm_beta``, batch
norm takes the place of its bias, always by the statistics of the batch at hand (see
compressed_detector.classics.folding).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from compressed_detector.classics.classifier import Weights
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats

GAMMA, BETA = '_norm_gamma', '_norm_beta'
Shapes = Mapping[str, tuple[int, ...]]


def described(shapes: Shapes, norm: bool = False) -> Weights:
    """
    Return arrays of these shapes that take no memory, biases or batch norm added.

    ``shapes`` has kernels by the names of their layers, in the order of computation.
    """
    weights = {}
    for layer, shape in shapes.items():
        weights[f'{layer}_weight'] = _like(shape)
        normalized = norm and len(shape) == 4
        for suffix in (GAMMA, BETA) if normalized else ('_bias',):
            weights[layer + suffix] = _like(shape[-1:])
    return weights


def _like(shape: tuple[int, ...]) -> Floats:
    return np.broadcast_to(np.float32(0), shape)


def skeleton(build: Any, weights: Weights) -> Any:
    """Return the Keras model of these weights' shapes with no memory for its own ones."""
    keras = tensorflow().keras
    with keras.StatelessScope(initialize_variables=False):
        model = build(weights)
    # Keras would give them memory with the next variables that it makes, for whatever network.
    keras.utils.clear_session(free_memory=False)
    return model


@functools.cache
def _grouped_convolution() -> Any:
    """Return Keras' convolution, a group after the other: TensorFlow learns 30 times as fast."""
    tf = tensorflow()
    convolution: Any = tf.keras.layers.Conv2D

    class GroupedConv2D(convolution):
        def convolution_op(self, inputs: Any, kernel: Any) -> Any:
            pairs = zip(tf.split(inputs, self.groups, -1), tf.split(kernel, self.groups, -1))
            return tf.concat([tf.nn.conv2d(part, weights, self.strides, 'VALID')
                              for part, weights in pairs], -1)

    return GroupedConv2D


class Wiring:
    """Adds layers with weights of these shapes, named as in a Classifier."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._layers = tensorflow().keras.layers

    def image(self, side: int, first: str) -> Any:
        """Return the input, as many channels as the first layer takes."""
        return self._layers.Input((side, side, self._weights[f'{first}_weight'].shape[2]))

    def conv(self, x: Any, name: str, stride: int = 1, pad: int | None = None,
             relu: bool = True) -> Any:
        """
        Add a convolution, and a ReLU; in groups where the kernel has fewer inputs than x.

        ``pad`` is on all sides; by default so many that the size is kept but for the stride.
        """
        side, _, inputs, outputs = self._weights[f'{name}_weight'].shape
        normalized = name + GAMMA in self._weights
        x = self._padded(x, side // 2 if pad is None else pad)
        groups = x.shape[-1] // inputs
        convolution = self._layers.Conv2D if groups == 1 else _grouped_convolution()
        x = convolution(outputs, side, stride, groups=groups, use_bias=not normalized,
                        kernel_initializer='he_normal', name=name)(x)
        if normalized:
            x = self._layers.BatchNormalization(name=f'{name}_norm')(x, training=True)
        return self.relu(x) if relu else x

    def dense(self, x: Any, name: str, relu: bool = False) -> Any:
        """Add a fully connected layer."""
        width = self._weights[f'{name}_weight'].shape[1]
        x = self._layers.Dense(width, kernel_initializer='he_normal', name=name)(x)
        return self.relu(x) if relu else x

    def relu(self, x: Any) -> Any:
        """Add a ReLU."""
        return self._layers.ReLU()(x)

    def add(self, a: Any, b: Any) -> Any:
        """Add two tensors."""
        return self._layers.Add()([a, b])

    def join(self, parts: list[Any]) -> Any:
        """Join channels."""
        return self._layers.Concatenate()(parts)

    def flat(self, x: Any) -> Any:
        """Make a vector of each picture's activations."""
        return self._layers.Flatten()(x)

    def average(self, x: Any) -> Any:
        """Average over all positions."""
        return self._layers.GlobalAveragePooling2D()(x)

    def pool(self, x: Any, size: int, stride: int, pad: int = 0, ceil: bool = False) -> Any:
        """
        Add max-pooling of activations that are no less than 0, padded on all sides.

        Caffe rounds sizes up (``ceil``): what is missing is added on the right and at the bottom.
        """
        excess = (x.shape[1] + 2 * pad - size) % stride if ceil else 0
        x = self._padded(x, pad, (stride - excess) % stride if excess else 0)
        return self._layers.MaxPooling2D(size, stride)(x)

    def local_norm(self, x: Any) -> Any:
        """Add Caffe's local response normalization over 5 channels (Krizhevsky et al., 2012)."""
        def normalize(values: Any) -> Any:
            return tensorflow().nn.local_response_normalization(
                values, depth_radius=2, bias=1.0, alpha=1e-4 / 5, beta=0.75)

        return self._layers.Lambda(normalize, output_shape=x.shape[1:])(x)

    def model(self, image: Any, logits: Any) -> Any:
        """Return the model."""
        return tensorflow().keras.Model(image, logits)

    def _padded(self, x: Any, pad: int, behind: int = 0) -> Any:
        if not pad + behind:
            return x
        return self._layers.ZeroPadding2D(((pad, pad + behind),) * 2)(x)
