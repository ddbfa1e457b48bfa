# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections to messages and back, serialized as in bags, without a ROS installation."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from compressed_detector.detection.detection_arrays import from_detection_array
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.recording import Recording
from compressed_detector.message_types import make_message, typestore

ARRAY = 'vision_msgs/msg/Detection2DArray'


def serialized(recording: Recording, score_threshold: float) -> Iterator[tuple[int, bytes]]:
    """
    Yield stamp (ns) and CDR bytes of a Detection2DArray for every frame that was looked at.

    As the node publishes them: with the reports that reach the threshold, and empty where none
    does.
    """
    frames, reports = recording.frames, recording.reports
    reports = reports[reports.scores >= score_threshold]
    ends = np.searchsorted(reports.frames, np.arange(len(frames) + 1))
    for frame in np.flatnonzero(frames.answered):
        rows = reports[slice(ends[frame], ends[frame + 1])]
        stamp_ns = int(frames.stamps_ns[frame])
        found = Detections(rows.boxes_xyxy.astype(np.float32), rows.scores.astype(np.float32),
                           rows.class_ids)
        yield stamp_ns, serialize(found, recording.labels, stamp_ns, recording.frame_id)


def serialize(
    detections: Detections, labels: Sequence[str], stamp_ns: int, frame_id: str
) -> bytes:
    """Return the CDR bytes of a Detection2DArray, as ros.outputs makes them."""
    store = typestore()
    seconds, nanoseconds = divmod(stamp_ns, 10**9)
    header = make_message(
        store, 'std_msgs/msg/Header', frame_id=frame_id, stamp=make_message(
            store, 'builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds))
    message = make_message(store, ARRAY, header=header, detections=[
        _detection(header, box, score, labels[number]) for box, score, number in zip(
            detections.boxes_xyxy.tolist(), detections.scores.tolist(),
            detections.class_ids.tolist())
    ])
    return bytes(store.serialize_cdr(message, ARRAY))


def deserialize(data: bytes, labels: Sequence[str]) -> Detections:
    """Return the detections in the CDR bytes of a Detection2DArray with the same labels."""
    return from_detection_array(typestore().deserialize_cdr(data, ARRAY), labels)


@functools.cache
def _no_pose() -> Any:
    """Return what every detection in the plane has for a pose in space; shared, not changed."""
    store = typestore()
    upright = make_message(store, 'geometry_msgs/msg/Quaternion', w=1.0)
    pose = make_message(store, 'geometry_msgs/msg/Pose', orientation=upright)
    return make_message(store, 'geometry_msgs/msg/PoseWithCovariance', pose=pose)


def _detection(header: Any, box: list[float], score: float, label: str) -> Any:
    store = typestore()
    left, top, right, bottom = box
    hypothesis = make_message(store, 'vision_msgs/msg/ObjectHypothesis', class_id=label,
                              score=score)
    result = make_message(store, 'vision_msgs/msg/ObjectHypothesisWithPose', hypothesis=hypothesis,
                          pose=_no_pose())
    centre = make_message(store, 'vision_msgs/msg/Point2D', x=(left + right) / 2,
                          y=(top + bottom) / 2)
    pose = make_message(store, 'vision_msgs/msg/Pose2D', position=centre)
    return make_message(
        store, 'vision_msgs/msg/Detection2D', header=header, results=[result],
        bbox=make_message(store, 'vision_msgs/msg/BoundingBox2D', center=pose,
                          size_x=right - left, size_y=bottom - top))
