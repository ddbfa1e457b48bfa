# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Arrays of detections as messages carry them, to columns.

Works on anything with the fields of vision_msgs, so that the live node's answers and recorded
ones share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compressed_detector.detection.camera_model import Floats64
from compressed_detector.detection.types import Detections


def from_detection_array(array: Any, labels: Sequence[str]) -> Detections:
    """Return the detections of a vision_msgs/Detection2DArray whose classes are all labels."""
    boxes, names, scores, _ = boxes_2d(array)
    return Detections(boxes.astype(np.float32), np.array(scores, np.float32),
                      np.array([labels.index(name) for name in names], np.int32))


def boxes_2d(array: Any) -> tuple[Floats64, list[str], list[float], list[str]]:
    """
    Return what a vision_msgs/Detection2DArray says: boxes (N, 4), class names, scores, ids.

    Boxes are in pixels: left, top, right, bottom of what may be turned by ``theta``. Of several
    hypotheses the best counts; a detection without any is left out.
    """
    rows = [(item, best(item)) for item in array.detections if len(item.results)]
    boxes = np.array([_corners(item.bbox) for item, _ in rows], np.float64).reshape(-1, 4)
    return (
        boxes, [hypothesis.class_id for _, hypothesis in rows],
        [float(hypothesis.score) for _, hypothesis in rows], [item.id for item, _ in rows],
    )


def best(detection: Any) -> Any:
    """Return the hypothesis with the best score."""
    return max((result.hypothesis for result in detection.results), key=lambda item: item.score)


def corners_3d(bbox: Any) -> Floats64:
    """Return the corners (8, 3), metres, of a vision_msgs/BoundingBox3D in its frame."""
    pose, size = bbox.center, bbox.size
    signs = np.array(np.meshgrid((-1, 1), (-1, 1), (-1, 1))).reshape(3, 8).T
    offsets = signs * np.array([size.x, size.y, size.z]) / 2
    centre = np.array([pose.position.x, pose.position.y, pose.position.z])
    corners: Floats64 = offsets @ _rotation(pose.orientation).T + centre
    return corners


def _corners(bbox: Any) -> list[float]:
    x, y, theta = bbox.center.position.x, bbox.center.position.y, bbox.center.theta
    cos, sin = abs(np.cos(theta)), abs(np.sin(theta))
    half_width = (cos * bbox.size_x + sin * bbox.size_y) / 2
    half_height = (sin * bbox.size_x + cos * bbox.size_y) / 2
    return [x - half_width, y - half_height, x + half_width, y + half_height]


def _rotation(quaternion: Any) -> Floats64:
    """Return the rotation matrix (3, 3); a quaternion of zeros counts as no rotation."""
    x, y, z, w = quaternion.x, quaternion.y, quaternion.z, quaternion.w
    norm = x * x + y * y + z * z + w * w
    if not norm:
        return np.eye(3)
    scale = 2 / norm
    return np.array([
        [1 - scale * (y * y + z * z), scale * (x * y - z * w), scale * (x * z + y * w)],
        [scale * (x * y + z * w), 1 - scale * (x * x + z * z), scale * (y * z - x * w)],
        [scale * (x * z - y * w), scale * (y * z + x * w), 1 - scale * (x * x + y * y)],
    ])
