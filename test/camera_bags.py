# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Tracks of bags that a camera and an annotator would have recorded; no rclpy in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from replay_bags import TYPES, Track
from rosbags.interfaces import Nodetype

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
CALIBRATION = 'sensor_msgs/msg/CameraInfo'
FLAT, SPATIAL = 'vision_msgs/msg/Detection2DArray', 'vision_msgs/msg/Detection3DArray'
# A recorded image is logged this long after its stamp.
DELAY_NS = 7_000_000
Box = tuple[float, float, float, float]


def message(name: str, /, **fields: Any) -> Any:
    """Make a message; fields that are not given are 0, empty, or a message of such."""
    return TYPES.types[name](**{
        key: fields[key] if key in fields else _blank(node, detail)
        for key, (node, detail) in TYPES.fielddefs[name][1]
    })


def _blank(node: Nodetype, detail: Any) -> Any:
    if node is Nodetype.NAME:
        return message(detail)
    if node is Nodetype.BASE:
        return '' if detail[0] == 'string' else 0
    (element, kind), count = detail
    if element is not Nodetype.BASE:
        return [message(kind) for _ in range(count)]
    return [''] * count if kind[0] == 'string' else np.zeros(count, kind[0])


def header(stamp_ns: int, frame_id: str = 'camera') -> Any:
    seconds, nanoseconds = divmod(stamp_ns, 10**9)
    stamp = message('builtin_interfaces/msg/Time', sec=seconds, nanosec=nanoseconds)
    return message('std_msgs/msg/Header', stamp=stamp, frame_id=frame_id)


def images(topic: str, pictures: Mapping[int, np.ndarray], compressed: bool = False) -> Track:
    """Record BGR pictures by stamp (ns): raw, or as PNG, which loses nothing."""
    make = _compressed if compressed else _raw
    return _track(topic, COMPRESSED if compressed else IMAGE, {
        stamp_ns: make(stamp_ns, image) for stamp_ns, image in pictures.items()
    })


def calibration(
    topic: str, stamp_ns: int, size: tuple[int, int], focal_px: float, k1: float = 0.0
) -> Track:
    """Record the CameraInfo of a camera that looks along its axis, once; k1 is its distortion."""
    width, height = size
    info = message(
        CALIBRATION, header=header(stamp_ns), width=width, height=height,
        distortion_model='plumb_bob', d=np.array([k1, 0, 0, 0, 0]),
        k=np.array([focal_px, 0, width / 2 - 0.5, 0, focal_px, height / 2 - 0.5, 0, 0, 1.0]),
    )
    return _track(topic, CALIBRATION, {stamp_ns: info})


def flat_truth(topic: str, frames: Mapping[int, Sequence[tuple[str, str, Box]]]) -> Track:
    """Record Detection2DArray by stamp (ns): class, id and box (left, top, right, bottom)."""
    return _track(topic, FLAT, {
        stamp_ns: message(FLAT, header=header(stamp_ns), detections=[
            _flat(stamp_ns, *item) for item in items
        ]) for stamp_ns, items in frames.items()
    })


def spatial_truth(
    topic: str, frames: Mapping[int, Sequence[tuple[str, str, Sequence[float], Sequence[float]]]]
) -> Track:
    """Record Detection3DArray by stamp (ns): class, id, centre and size in the optical frame."""
    return _track(topic, SPATIAL, {
        stamp_ns: message(SPATIAL, header=header(stamp_ns), detections=[
            _spatial(stamp_ns, *item) for item in items
        ]) for stamp_ns, items in frames.items()
    })


def _track(topic: str, msgtype: str, messages: Mapping[int, Any]) -> Track:
    return Track(topic, msgtype, [ns + DELAY_NS for ns in messages], list(messages.values()))


def _raw(stamp_ns: int, image: np.ndarray) -> Any:
    height, width = image.shape[:2]
    return message(IMAGE, header=header(stamp_ns), height=height, width=width, encoding='bgr8',
                   step=3 * width, data=image.reshape(-1))


def _compressed(stamp_ns: int, image: np.ndarray) -> Any:
    data = cv2.imencode('.png', image)[1].reshape(-1)
    return message(COMPRESSED, header=header(stamp_ns), format='png', data=data)


def _results(name: str) -> list[Any]:
    hypothesis = message('vision_msgs/msg/ObjectHypothesis', class_id=name, score=1.0)
    return [message('vision_msgs/msg/ObjectHypothesisWithPose', hypothesis=hypothesis)]


def _flat(stamp_ns: int, name: str, number: str, box: Box) -> Any:
    left, top, right, bottom = box
    centre = message('vision_msgs/msg/Pose2D', position=message(
        'vision_msgs/msg/Point2D', x=(left + right) / 2, y=(top + bottom) / 2))
    bbox = message('vision_msgs/msg/BoundingBox2D', center=centre, size_x=right - left,
                   size_y=bottom - top)
    return message('vision_msgs/msg/Detection2D', header=header(stamp_ns), id=number, bbox=bbox,
                   results=_results(name))


def _spatial(
    stamp_ns: int, name: str, number: str, centre: Sequence[float], size: Sequence[float]
) -> Any:
    x, y, z = centre
    pose = message(
        'geometry_msgs/msg/Pose', position=message('geometry_msgs/msg/Point', x=x, y=y, z=z),
        orientation=message('geometry_msgs/msg/Quaternion', w=1.0))
    bbox = message('vision_msgs/msg/BoundingBox3D', center=pose, size=message(
        'geometry_msgs/msg/Vector3', **dict(zip('xyz', size))))
    return message('vision_msgs/msg/Detection3D', header=header(stamp_ns), id=number, bbox=bbox,
                   results=_results(name))
