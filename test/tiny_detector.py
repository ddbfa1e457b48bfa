# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The tiny detectors of the tests, whose answers are calculated by hand.

They (tools/make_tiny_model.py) see 64x64 pixels. A lone square of one colour that fills a cell
of stride 8, 16 or 32 gives a detection of that channel's class with the score
sigmoid(value / 16 - 8). Its box is the cell for the strides 8 and 32; for 16 it reaches 8, 16,
24 and 32 pixels from the cell's centre to the left, top, right and bottom.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.types import Detections, Image

TINY_MODELS = Path(__file__).parent / 'data' / 'tiny_gfl'
BLUE, GREEN, RED = 0, 1, 2


def load(path: Path) -> Detector:
    return Detector.load(path, num_threads=2)


def black(width: int = 64, height: int = 64) -> Image:
    return np.zeros((height, width, 3), np.uint8)


def paint(image: Image, box: tuple[int, int, int, int], channel: int, value: int = 255) -> Image:
    left, top, right, bottom = box
    image[top:bottom, left:right, channel] = value
    return image


def score_of(value: float) -> float:
    return 1 / (1 + math.exp(8 - value / 16))


def detect(detector: Detector, image: Image, **settings: Any) -> Detections:
    return detector.detect(image, DetectionSettings(**settings))
