# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
ResNet-18: 11,689,512 parameters for 224x224 pixels, those of batch norm among them.

He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR 2016, table 1; shortcuts
that change the size are projections (option B).
"""

from __future__ import annotations

from typing import Any

from compressed_detector.classics.classifier import Weights
from compressed_detector.classics.networks.wiring import Shapes, Wiring

SIDE, SMALL_SIDE = 224, 32
CLASSES = 10
WIDTHS = (64, 128, 256, 512)
BLOCKS = tuple(f'layer{stage}_{index}' for stage in range(1, 5) for index in range(2))


def shapes() -> Shapes:
    """Return the kernels of the published network."""
    return _shapes(7, 3, 1, 1000)


def small_shapes() -> Shapes:
    """Return those of the small one: widths a quarter, a stem of 3x3 that keeps the size."""
    return _shapes(3, 1, 4, CLASSES)


def _shapes(stem: int, channels: int, divisor: int, classes: int) -> Shapes:
    inputs = WIDTHS[0] // divisor
    kernels: dict[str, tuple[int, ...]] = {'conv1': (stem, stem, channels, inputs)}
    for number, block in enumerate(BLOCKS):
        outputs = WIDTHS[number // 2] // divisor
        kernels[f'{block}_conv1'] = (3, 3, inputs, outputs)
        kernels[f'{block}_conv2'] = (3, 3, outputs, outputs)
        if inputs != outputs:
            kernels[f'{block}_shortcut'] = (1, 1, inputs, outputs)
        inputs = outputs
    return {**kernels, 'fc': (inputs, classes)}


def build(weights: Weights) -> Any:
    """Return the Keras model of the published network, with these weights' widths."""
    return _build(weights, SIDE, stride=2)


def build_small(weights: Weights) -> Any:
    """Return the Keras model of the small one."""
    return _build(weights, SMALL_SIDE, stride=1)


def _build(weights: Weights, side: int, stride: int) -> Any:
    wiring = Wiring(weights)
    image = wiring.image(side, 'conv1')
    x = wiring.pool(wiring.conv(image, 'conv1', stride), 3, 2, pad=1)
    for block in BLOCKS:
        x = _residual(wiring, x, block, projected=f'{block}_shortcut_weight' in weights)
    return wiring.model(image, wiring.dense(wiring.average(x), 'fc'))


def _residual(wiring: Wiring, x: Any, name: str, projected: bool) -> Any:
    stride = 2 if projected else 1
    y = wiring.conv(x, f'{name}_conv1', stride)
    y = wiring.conv(y, f'{name}_conv2', relu=False)
    shortcut = wiring.conv(x, f'{name}_shortcut', stride, relu=False) if projected else x
    return wiring.relu(wiring.add(y, shortcut))
