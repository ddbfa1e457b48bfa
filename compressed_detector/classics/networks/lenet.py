# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
LeNet-300-100 and LeNet-5 as Caffe and Deep Compression have them.

LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning Applied to Document Recognition, 1998;
266,610 and 431,080 parameters (Han et al., ICLR 2016, tables 2 and 3).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from compressed_detector.classics.classifier import Classifier, Weights, initialized
from compressed_detector.compression.low_rank import REDUCE_SUFFIX
from compressed_detector.compression.tensorflow_runtime import tensorflow

SIDE = 28
LENET_300_100 = {
    'ip1_weight': np.empty((784, 300), np.float32),
    'ip2_weight': np.empty((300, 100), np.float32),
    'ip3_weight': np.empty((100, 10), np.float32),
}
LENET_5 = {
    'conv1_weight': np.empty((5, 5, 1, 20), np.float32),
    'conv2_weight': np.empty((5, 5, 20, 50), np.float32),
    'ip1_weight': np.empty((800, 500), np.float32),
    'ip2_weight': np.empty((500, 10), np.float32),
}


def lenet_300_100(seed: int) -> Classifier:
    """Return LeNet-300-100 with random weights."""
    return initialized('lenet_300_100', build_300_100, LENET_300_100, seed)


def lenet_5(seed: int) -> Classifier:
    """Return LeNet-5 with random weights."""
    return initialized('lenet_5', build_5, LENET_5, seed)


def build_300_100(weights: Weights) -> Any:
    """Return the Keras model of LeNet-300-100 with these weights' widths."""
    layers = tensorflow().keras.layers
    image = layers.Input((SIDE, SIDE, 1))
    x = _flat(image)
    for name in ('ip1', 'ip2'):
        x = _dense(x, weights, name, 'relu')
    return _model(image, _dense(x, weights, 'ip3'))


def build_5(weights: Weights) -> Any:
    """Return the Keras model of LeNet-5 with these weights' widths."""
    layers = tensorflow().keras.layers
    x = image = layers.Input((SIDE, SIDE, 1))
    for name in ('conv1', 'conv2'):
        x = layers.MaxPooling2D()(_convolution(x, weights, name))
    x = _dense(_flat(x), weights, 'ip1', 'relu')
    return _model(image, _dense(x, weights, 'ip2'))


def _flat(x: Any) -> Any:
    """Make a vector of each picture's activations."""
    # Of Keras's Flatten the converter makes a shape that is computed, which XNNPACK does not take.
    return tensorflow().keras.ops.reshape(x, (-1, math.prod(x.shape[1:])))


def _dense(x: Any, weights: Weights, name: str, activation: str | None = None) -> Any:
    """Apply a dense layer, or the two that it was factored into (see low_rank)."""
    layers = tensorflow().keras.layers
    reduce = weights.get(f'{name}{REDUCE_SUFFIX}_weight')
    if reduce is not None:
        x = layers.Dense(reduce.shape[1], use_bias=False, name=name + REDUCE_SUFFIX)(x)
    return layers.Dense(weights[f'{name}_weight'].shape[1], activation, name=name)(x)


def _convolution(x: Any, weights: Weights, name: str) -> Any:
    layers = tensorflow().keras.layers
    reduce, kernel = weights.get(f'{name}{REDUCE_SUFFIX}_weight'), weights[f'{name}_weight']
    if reduce is not None:
        x = layers.Conv2D(reduce.shape[3], reduce.shape[0], use_bias=False,
                          name=name + REDUCE_SUFFIX)(x)
    return layers.Conv2D(kernel.shape[3], kernel.shape[0], name=name)(x)


def _model(image: Any, logits: Any) -> Any:
    return tensorflow().keras.Model(image, logits)
