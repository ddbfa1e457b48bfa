# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
GoogLeNet as Caffe has it (bvlc_googlenet): 6,998,552 parameters for 224x224 pixels.

Szegedy et al., Going Deeper with Convolutions, CVPR 2015, table 1, without the two auxiliary
classifiers, which are for training. Dropout is left out, too.
"""

from __future__ import annotations

from typing import Any

from compressed_detector.classics.classifier import Weights
from compressed_detector.classics.networks.wiring import Shapes, Wiring

SIDE, SMALL_SIDE = 224, 32
CLASSES = 10
STEM = (64, 64, 192)
BRANCHES = ('1x1', '3x3_reduce', '3x3', '5x5_reduce', '5x5', 'pool_proj')
# The channels of the branches.
MODULES = {
    '3a': (64, 96, 128, 16, 32, 32),
    '3b': (128, 128, 192, 32, 96, 64),
    '4a': (192, 96, 208, 16, 48, 64),
    '4b': (160, 112, 224, 24, 64, 64),
    '4c': (128, 128, 256, 24, 64, 64),
    '4d': (112, 144, 288, 32, 64, 64),
    '4e': (256, 160, 320, 32, 128, 128),
    '5a': (256, 160, 320, 32, 128, 128),
    '5b': (384, 192, 384, 48, 128, 128),
}
BEFORE_POOLING = ('3b', '4e')


def shapes() -> Shapes:
    """Return the kernels of the published network."""
    return _shapes(7, 3, 1, 1000)


def small_shapes() -> Shapes:
    """Return those of the small one: widths a quarter, a stem of 3x3 that keeps the size."""
    return _shapes(3, 1, 4, CLASSES)


def _shapes(stem: int, channels: int, divisor: int, classes: int) -> Shapes:
    a, b, c = (width // divisor for width in STEM)
    kernels = {
        'conv1': (stem, stem, channels, a), 'conv2_reduce': (1, 1, a, b), 'conv2': (3, 3, b, c),
    }
    inputs = c
    for module, widths in MODULES.items():
        one, reduce3, three, reduce5, five, pool = (width // divisor for width in widths)
        shapes = ((1, 1, inputs, one), (1, 1, inputs, reduce3), (3, 3, reduce3, three),
                  (1, 1, inputs, reduce5), (5, 5, reduce5, five), (1, 1, inputs, pool))
        kernels.update({f'inception_{module}_{branch}': shape
                        for branch, shape in zip(BRANCHES, shapes)})
        inputs = one + three + five + pool
    return {**kernels, 'classifier': (inputs, classes)}


def build(weights: Weights) -> Any:
    """Return the Keras model of the published network, with these weights' widths."""
    wiring = Wiring(weights)
    image = wiring.image(SIDE, 'conv1')
    x = wiring.pool(wiring.conv(image, 'conv1', stride=2), 3, 2, ceil=True)
    x = wiring.conv(wiring.local_norm(x), 'conv2_reduce')
    return _after_conv2(wiring, image, wiring.local_norm(wiring.conv(x, 'conv2')))


def build_small(weights: Weights) -> Any:
    """Return the Keras model of the small one: batch norm in place of local normalization."""
    wiring = Wiring(weights)
    image = wiring.image(SMALL_SIDE, 'conv1')
    x = wiring.pool(wiring.conv(image, 'conv1'), 3, 2, ceil=True)
    return _after_conv2(wiring, image, wiring.conv(wiring.conv(x, 'conv2_reduce'), 'conv2'))


def _after_conv2(wiring: Wiring, image: Any, x: Any) -> Any:
    x = wiring.pool(x, 3, 2, ceil=True)
    for module in MODULES:
        x = _inception(wiring, x, f'inception_{module}')
        if module in BEFORE_POOLING:
            x = wiring.pool(x, 3, 2, ceil=True)
    return wiring.model(image, wiring.dense(wiring.average(x), 'classifier'))


def _inception(wiring: Wiring, x: Any, name: str) -> Any:
    def conv(inputs: Any, branch: str) -> Any:
        return wiring.conv(inputs, f'{name}_{branch}')

    return wiring.join([
        conv(x, '1x1'),
        conv(conv(x, '3x3_reduce'), '3x3'),
        conv(conv(x, '5x5_reduce'), '5x5'),
        conv(wiring.pool(x, 3, 1, pad=1), 'pool_proj'),
    ])
