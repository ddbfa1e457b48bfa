# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of ranging share: cameras, boxes, and what is no box."""

from __future__ import annotations

import math

import numpy as np

from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.ranging import Method, Ranges

SIZE = (640, 480)
# The middle of the image is (320, 240): BOX ends 100 px below it, at a slope of 1 by 4.
CAMERA = CameraModel(640, 480, 400.0, 400.0, 319.5, 239.5)
LEVEL = Mounting(1.0)
BOX = (300.0, 200.0, 340.0, 340.0)
BARREL = CameraModel(
    640, 480, 400.0, 410.0, 322.0, 236.0, 'plumb_bob', (-0.3, 0.1, 0.002, -0.001, 0.0)
)
FISHEYE = CameraModel(
    640, 480, 250.0, 250.0, 318.0, 241.0, 'equidistant', (-0.01, 0.02, -0.015, 0.003)
)
CAMERAS = [CAMERA, BARREL, FISHEYE]
NO_BOXES = [
    (math.nan, 200, 340, 340), (300, 200, 340, math.nan), (300, 200, math.inf, 340),
    (340, 200, 300, 340), (300, 340, 340, 200), (300, 200, 300, 340), (700, 200, 740, 340),
    (300, -90, 340, -10), (0, 0, 0, 0),
]


def assert_unknown(ranges: Ranges) -> None:
    """Assert that nothing is known of any object."""
    assert (ranges.methods == Method.NONE).all()
    assert np.isnan(ranges.forward_m).all()
    assert np.isnan(ranges.std_m).all()
    assert not ranges.clamped.any()
