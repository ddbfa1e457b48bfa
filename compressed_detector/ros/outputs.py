# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections and health as ROS 2 messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

from compressed_detector.detection.types import Detections
from compressed_detector.ros.health import Camera, Level, Snapshot


def to_detection_array(
    detections: Detections, labels: Sequence[str], header: Any
) -> Detection2DArray:
    """
    Return vision_msgs/Detection2DArray: one hypothesis each, ``class_id`` is the class name.

    The header is the image's own, in the array and in every detection, so that consumers can
    look up transforms for the moment the picture was taken. Box centres and sizes are pixels.
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


def to_diagnostics(
    name: str,
    level: Level,
    message: str,
    state: str,
    active: tuple[Camera, Snapshot] | None,
    stamp: Any,
) -> DiagnosticArray:
    """
    Return a diagnostic_msgs/DiagnosticArray with one status (REP-107).

    An active detector adds what it knows of its camera and the numbers behind the judgement.
    """
    values = {'state': state}
    if active is not None:
        camera, numbers = active
        values |= {
            'image topic': camera.topic,
            'image publishers': str(camera.publishers),
            'frames received': str(numbers.received),
            'frames processed': str(numbers.processed),
            'frames replaced by newer': str(numbers.replaced),
            'frames lost in transport': str(numbers.lost_in_transport),
            'frames undecodable': str(sum(numbers.undecodable.values())),
            **{f'undecodable: {key}': str(n) for key, n in sorted(numbers.undecodable.items())},
            'frames per second': f'{numbers.fps:.2f}',
            'latency p50 (ms)': f'{numbers.latency_p50_ms:.2f}',
            'latency p99 (ms)': f'{numbers.latency_p99_ms:.2f}',
        }
    status = DiagnosticStatus(
        level=bytes([level]), name=name, message=message, hardware_id='compressed_detector',
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )
    array = DiagnosticArray(status=[status])
    array.header.stamp = stamp
    return array


def from_detection_array(array: Detection2DArray, labels: Sequence[str]) -> Detections:
    """Return the detections in a message that to_detection_array made with the same labels."""
    if not array.detections:
        return Detections.empty()
    rows = [(item.bbox, item.results[0].hypothesis) for item in array.detections]
    centres = np.array([(b.center.position.x, b.center.position.y) for b, _ in rows])
    halves = np.array([(b.size_x, b.size_y) for b, _ in rows]) / 2
    return Detections(
        np.hstack([centres - halves, centres + halves]).astype(np.float32),
        np.array([hypothesis.score for _, hypothesis in rows], np.float32),
        np.array([labels.index(hypothesis.class_id) for _, hypothesis in rows], np.int32),
    )
