# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where boxes are on the floor, as the node ranges them without a depth image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compressed_detector.config import RangingSettings
from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.obstacles import locate
from compressed_detector.detection.ranging import from_ground_plane
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.columns import Floats64, Ints64


@dataclass(frozen=True)
class Geometry:
    """A calibrated camera and how it is mounted."""

    camera: CameraModel
    mounting: Mounting
    settings: RangingSettings = RangingSettings()


def places(
    boxes_xyxy: Floats64, sizes_px: Ints64, geometry: Geometry
) -> tuple[Floats64, Floats64]:
    """
    Return how far ahead and to the right of the camera, level, near faces are: (N,), metres.

    Boxes (N, 4) in images of the sizes (N, 2), width and height; 0 is that of the calibration.
    NaN where the floor under a box is not seen. Raises RangingError when an image shows another
    view than the calibration.
    """
    forward, right = np.full((2, len(boxes_xyxy)), np.nan)
    for size in np.unique(sizes_px, axis=0):
        rows = np.flatnonzero((sizes_px == size).all(axis=1))
        camera = geometry.camera
        if size.all():
            camera = camera.scaled(int(size[0]), int(size[1]))
        boxes = boxes_xyxy[rows].astype(np.float32)
        ranges = from_ground_plane(boxes, camera, geometry.mounting, geometry.settings)
        detections = Detections(
            boxes, np.ones(len(rows), np.float32), np.zeros(len(rows), np.int32))
        obstacles = locate(detections, ranges, camera, geometry.mounting)
        known = rows[obstacles.rows]
        forward[known] = obstacles.forward_m
        right[known] = (obstacles.centres_m @ obstacles.axes)[:, 0]
    return forward, right
