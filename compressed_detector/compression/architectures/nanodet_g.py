# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
NanoDet-g (RangiLyu, nanodet, 2021): a CSP backbone, a bilinear PAN and GFL heads.

Trained on COCO by its authors; batch norm is folded into the convolutions.
"""

from __future__ import annotations

from compressed_detector.compression.architectures.architecture import Architecture, Weights
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
)

NEGATIVE_SLOPE = 0.1
MEAN_BGR = (103.53, 116.28, 123.675)
STD_BGR = (57.375, 57.12, 58.395)
STRIDES = (8, 16, 32)
BINS = 11
# (stride of the first convolution, residual units) of each CSP stage.
STAGES = ((1, 1), (2, 2), (2, 2), (2, 3))
LABELS = (
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat',
    'traffic light', 'fire hydrant', 'stop sign', 'parking meter', 'bench', 'bird', 'cat', 'dog',
    'horse', 'sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe', 'backpack', 'umbrella',
    'handbag', 'tie', 'suitcase', 'frisbee', 'skis', 'snowboard', 'sports ball', 'kite',
    'baseball bat', 'baseball glove', 'skateboard', 'surfboard', 'tennis racket', 'bottle',
    'wine glass', 'cup', 'fork', 'knife', 'spoon', 'bowl', 'banana', 'apple', 'sandwich',
    'orange', 'broccoli', 'carrot', 'hot dog', 'pizza', 'donut', 'cake', 'chair', 'couch',
    'potted plant', 'bed', 'dining table', 'toilet', 'tv', 'laptop', 'mouse', 'remote',
    'keyboard', 'cell phone', 'microwave', 'oven', 'toaster', 'sink', 'refrigerator', 'book',
    'clock', 'vase', 'scissors', 'teddy bear', 'hair drier', 'toothbrush',
)


class _Builder:
    """Collects layers, numbering the convolutions conv00 to conv33 as the original does."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self._next = 0

    def add(self, layer: Layer) -> str:
        self.layers.append(layer)
        return layer.name

    def conv(self, source: str, stride: int = 1, active: bool = True) -> str:
        slope = NEGATIVE_SLOPE if active else None
        name = f'conv{self._next:02d}'
        self._next += 1
        return self.add(Conv(name, (source,), stride, slope))


def layers() -> tuple[Layer, ...]:
    """Return the layers; the PAN's results are ``pan_8``, ``pan_16`` and ``pan_32``."""
    builder = _Builder()
    x = builder.add(Normalize('normalize', (INPUT,), MEAN_BGR, STD_BGR))
    x = builder.add(MaxPool('pool', (builder.conv(x, stride=2),)))
    stages = []
    for number, (stride, units) in enumerate(STAGES, start=1):
        x = _csp_stage(builder, f'stage{number}', x, stride, units)
        stages.append(x)
    laterals = [builder.conv(stage, active=False) for stage in stages[1:]]
    for feature in _pan(builder, *laterals):
        builder.conv(builder.conv(feature), active=False)
    return tuple(builder.layers)


def _csp_stage(builder: _Builder, name: str, source: str, stride: int, units: int) -> str:
    entry = x = builder.conv(source, stride)
    for unit in range(units):
        first = builder.conv(x)
        second = builder.conv(first)
        x = builder.add(Concat(f'{name}_unit{unit}', (second, first)))
    return builder.add(Concat(name, (builder.conv(x), entry)))


def _pan(builder: _Builder, at_8: str, at_16: str, at_32: str) -> tuple[str, str, str]:
    """Fuse the levels from coarse to fine, then back; every step resizes and adds."""
    down_16 = _fuse(builder, 'top_down_16', at_16, at_32)
    pan_8 = _fuse(builder, 'pan_8', at_8, down_16)
    pan_16 = _fuse(builder, 'pan_16', down_16, pan_8)
    pan_32 = _fuse(builder, 'pan_32', at_32, pan_16)
    return pan_8, pan_16, pan_32


def _fuse(builder: _Builder, name: str, onto: str, source: str) -> str:
    resized = builder.add(ResizeLike(f'{name}_resize', (source, onto)))
    return builder.add(Add(name, (onto, resized)))


def build(weights: Weights) -> Network:
    """
    Return NanoDet-g with the given weights; raises CompressionError when they do not fit.

    Its outputs ``stride_8``, ``stride_16`` and ``stride_32`` hold, per cell, 80 class logits and
    the logits of 4 x 11 distance bins (left, top, right, bottom).
    """
    outputs = {f'stride_{stride}': f'conv{29 + 2 * level}' for level, stride in enumerate(STRIDES)}
    return Network(layers(), outputs, weights)


NANODET_G = Architecture(
    name='nanodet_g',
    build=build,
    size_multiple=32,
    native_size=416,
    resize='letterbox_top_left',
    pad_value=114,
    color='bgr',
    head='gfl',
    head_options={'strides': list(STRIDES), 'bins': BINS},
    labels=LABELS,
    features=tuple(f'pan_{stride}' for stride in STRIDES),
)
