# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a depth image says about boxes of the colour image that it is registered to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.camera_model import Floats64, require_same_view
from compressed_detector.detection.types import Floats
from compressed_detector.errors import RangingError

# Depth is read at so many points a side, whatever the size of a box: one cost for all of them.
GRID = 12
_METRES_BY_DTYPE = {('u', 2): 0.001, ('f', 4): 1.0}  # 16UC1 and 32FC1, REP 118


def sample_depth_m(
    boxes_xyxy: Floats64,
    depth: npt.NDArray[Any],
    image_size: tuple[int, int],
    central_fraction: float,
) -> Floats:
    """
    Return depth in metres at a regular grid of points in the middle of every box.

    Boxes (N, 4) are in pixels of the colour image, whose size is (width, height), and inside of
    it. The middle has central_fraction of a box's width and height. depth (h, w) is uint16
    millimetres or float32 metres; readings (N, GRID * GRID), float32, are not judged. Raises
    RangingError for another kind of depth image, or one of another aspect ratio.
    """
    kind = (depth.dtype.kind, depth.dtype.itemsize)
    if depth.ndim != 2 or kind not in _METRES_BY_DTYPE:
        raise RangingError(
            'depth: expected (h, w) of uint16 millimetres (16UC1) or float32 metres (32FC1), '
            f'got {depth.shape} of {depth.dtype}'
        )
    size = np.array(depth.shape[::-1])
    require_same_view(image_size, (depth.shape[1], depth.shape[0]), 'image', 'depth')
    steps = (np.arange(GRID) + 0.5) / GRID - 0.5
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    sides = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) * central_fraction
    points = centres[:, :, None] + sides[:, :, None] * steps  # (N, 2, GRID): u and v
    pixels = (points * (size / image_size)[:, None]).astype(np.intp)
    columns, rows = np.minimum(pixels, size[:, None] - 1).swapaxes(0, 1)
    samples = depth[rows[:, :, None], columns[:, None, :]].reshape(len(boxes_xyxy), GRID**2)
    readings: Floats = samples.astype(np.float32) * np.float32(_METRES_BY_DTYPE[kind])
    return readings
