# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections as ROS 2 messages; back goes detection.detection_arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

from compressed_detector.detection.types import Detections


def to_detection_array(
    detections: Detections, labels: Sequence[str], header: Any, ids: Sequence[str] = ()
) -> Detection2DArray:
    """
    Return vision_msgs/Detection2DArray: one hypothesis each, ``class_id`` is the class name.

    The header is the image's own, in the array and in every detection, so that consumers can
    look up transforms for the moment the picture was taken. Box centres and sizes are pixels.
    ``ids`` (N,) are those of the tracks, if objects are tracked.
    """
    array = Detection2DArray(header=header)
    array.detections = [
        _to_detection(box, score, labels[class_id], header)
        for box, score, class_id in zip(
            detections.boxes_xyxy.tolist(),
            detections.scores.tolist(),
            detections.class_ids.tolist(),
        )
    ]
    for detection, name in zip(array.detections, ids):
        detection.id = name
    return array


def _to_detection(box: list[float], score: float, label: str, header: Any) -> Detection2D:
    left, top, right, bottom = box
    detection = Detection2D(header=header)
    detection.bbox.center.position.x = (left + right) / 2
    detection.bbox.center.position.y = (top + bottom) / 2
    detection.bbox.size_x = right - left
    detection.bbox.size_y = bottom - top
    detection.results = [to_hypothesis(label, score)]
    return detection


def to_hypothesis(label: str, score: float) -> ObjectHypothesisWithPose:
    """Return what an object is: the class name as ``class_id``, and a score in [0, 1]."""
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = label
    result.hypothesis.score = score
    return result
