# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Models as an inspection finds them, without a file behind them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from compressed_detector.detection.inspection import Inspection
from compressed_detector.detection.interpreter import Operator
from compressed_detector.detection.manifest import Manifest
from compressed_detector.detection.tensors import TensorInfo

COCO = tuple(f'class {number}' for number in range(80))


def tensor(name: str, *shape: int, dtype: str = 'float32', **quantization: Any) -> TensorInfo:
    return TensorInfo(name, shape, np.dtype(dtype), **quantization)


def model(
    *shapes: Sequence[int], size: tuple[int, int] = (416, 416), operators: Sequence[str] = (),
    image: TensorInfo | None = None, labels: Sequence[str] = (),
) -> Inspection:
    """Return a model with outputs of the given shapes, named a, b, c..."""
    width, height = size
    return Inspection(
        'some_model.tflite', 1000, '0' * 64, image or tensor('image', 1, height, width, 3),
        tuple(tensor(name, *shape) for name, shape in zip('abcdefgh', shapes)),
        tuple(Operator(name, (), ()) for name in operators), tuple(labels),
    )


def ssd_model(columns: int, image: TensorInfo | None = None) -> Inspection:
    """Return an SSD whose outputs come in another order than those of the operator."""
    boxes, classes = tensor('b', 1, 10, 4), tensor('d', 1, 10)
    scores, count = tensor('a', 1, 10), tensor('c', 1)
    last = Operator(
        'TFLite_Detection_PostProcess',
        (tensor('offsets', 1, 1917, 4), tensor('probabilities', 1, 1917, columns),
         tensor('anchors', 1917, 4)),
        (boxes, classes, scores, count),
    )
    return dataclasses.replace(
        model(size=(300, 300), image=image), outputs=(scores, boxes, count, classes),
        operators=(last,),
    )


def roles(manifest: Manifest) -> dict[str, str]:
    return {output.role: output.tensor for output in manifest.outputs}
