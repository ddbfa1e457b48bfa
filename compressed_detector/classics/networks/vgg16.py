# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
VGG-16: 138,357,544 parameters for 224x224 pixels.

Simonyan, Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015,
table 1, column D. Dropout is for training and left out.
"""

from __future__ import annotations

from typing import Any

from compressed_detector.classics.classifier import Weights
from compressed_detector.classics.networks.wiring import Shapes, Wiring

SIDE, SMALL_SIDE = 224, 32
CLASSES = 10
# Channels and convolutions of each block.
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
CONVS = tuple(tuple(f'conv{block}_{index}' for index in range(1, count + 1))
              for block, (_, count) in enumerate(BLOCKS, start=1))


def shapes() -> Shapes:
    """Return the kernels of the published network."""
    return _shapes(3, 1, 7 * 7, 4096, 1000)


def small_shapes() -> Shapes:
    """Return those of the small one: an eighth of the channels, a quarter of fc6 and fc7."""
    return _shapes(1, 8, 1, 1024, CLASSES)


def _shapes(channels: int, divisor: int, positions: int, hidden: int, classes: int) -> Shapes:
    convs = {}
    for names, (width, _) in zip(CONVS, BLOCKS):
        for name in names:
            convs[name] = (3, 3, channels, width // divisor)
            channels = width // divisor
    return {
        **convs, 'fc6': (positions * channels, hidden), 'fc7': (hidden, hidden),
        'fc8': (hidden, classes),
    }


def build(weights: Weights) -> Any:
    """Return the Keras model of the published network, with these weights' widths."""
    return _build(weights, SIDE)


def build_small(weights: Weights) -> Any:
    """Return the Keras model of the small one."""
    return _build(weights, SMALL_SIDE)


def _build(weights: Weights, side: int) -> Any:
    wiring = Wiring(weights)
    x = image = wiring.image(side, 'conv1_1')
    for names in CONVS:
        for name in names:
            x = wiring.conv(x, name)
        x = wiring.pool(x, 2, 2)
    x = wiring.flat(x)
    for name in ('fc6', 'fc7'):
        x = wiring.dense(x, name, relu=True)
    return wiring.model(image, wiring.dense(x, 'fc8'))
