# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
AlexNet as Caffe has it (bvlc_reference): 60,965,224 parameters for 227x227 pixels.

Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks,
NeurIPS 2012. Convolutions 2, 4 and 5 are in two groups. Dropout is for training and left out.
"""

from __future__ import annotations

from typing import Any

from compressed_detector.classics.classifier import Weights
from compressed_detector.classics.networks.wiring import Shapes, Wiring

SIDE, SMALL_SIDE = 227, 32
CLASSES = 10


def shapes() -> Shapes:
    """Return the kernels of the published network."""
    return _shapes(11, 3, 1, 6 * 6, 1000)


def small_shapes() -> Shapes:
    """Return those of the small one: widths a quarter, a stem of 5x5 that keeps the size."""
    return _shapes(5, 1, 4, 3 * 3, CLASSES)


def _shapes(stem: int, channels: int, divisor: int, positions: int, classes: int) -> Shapes:
    a, b, c, hidden = (width // divisor for width in (96, 256, 384, 4096))
    return {
        'conv1': (stem, stem, channels, a),
        'conv2': (5, 5, a // 2, b),
        'conv3': (3, 3, b, c),
        'conv4': (3, 3, c // 2, c),
        'conv5': (3, 3, c // 2, b),
        'fc6': (positions * b, hidden),
        'fc7': (hidden, hidden),
        'fc8': (hidden, classes),
    }


def build(weights: Weights) -> Any:
    """Return the Keras model of the published network, with these weights' widths."""
    wiring = Wiring(weights)
    image = wiring.image(SIDE, 'conv1')
    x = wiring.local_norm(wiring.conv(image, 'conv1', stride=4, pad=0))
    x = wiring.conv(wiring.pool(x, 3, 2), 'conv2')
    return _after_conv2(wiring, image, wiring.local_norm(x))


def build_small(weights: Weights) -> Any:
    """Return the Keras model of the small one: batch norm in place of local normalization."""
    wiring = Wiring(weights)
    image = wiring.image(SMALL_SIDE, 'conv1')
    x = wiring.pool(wiring.conv(image, 'conv1'), 3, 2)
    return _after_conv2(wiring, image, wiring.conv(x, 'conv2'))


def _after_conv2(wiring: Wiring, image: Any, x: Any) -> Any:
    x = wiring.pool(x, 3, 2)
    for name in ('conv3', 'conv4', 'conv5'):
        x = wiring.conv(x, name)
    x = wiring.flat(wiring.pool(x, 3, 2))
    for name in ('fc6', 'fc7'):
        x = wiring.dense(x, name, relu=True)
    return wiring.model(image, wiring.dense(x, 'fc8'))
