# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Detections as the bytes of a message, as DDS carries and bags hold them.

OMG, DDS-XTypes 1.3, 7.4: XCDR version 1, plain CDR, little endian. Written here because message
objects of rclpy take longer than the decoding of the network, and because bags are written
without a ROS installation.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from compressed_detector.detection.types import Detections

ARRAY = 'vision_msgs/msg/Detection2DArray'
_LITTLE_ENDIAN = b'\x00\x01\x00\x00'
_TIME = struct.Struct('<iI')
_COUNT = struct.Struct('<I')
_SCORE = struct.Struct('<d')
# PoseWithCovariance: a position, an orientation (here: none), 36 covariances.
_NO_POSE = struct.pack('<43d', *[0] * 6, 1, *[0] * 36)
# BoundingBox2D: a centre of x, y and theta, and two sizes.
_BOX = struct.Struct('<5d')


def serialize(
    detections: Detections, labels: Sequence[str], stamp: tuple[int, int], frame_id: str,
    ids: Sequence[str] = (),
) -> bytes:
    """
    Return the CDR bytes of a vision_msgs/Detection2DArray.

    One hypothesis each; its ``class_id`` is the class name, its pose is that of no rotation. The
    header is the image's own, in the array and in every detection, so that consumers can look up
    transforms for the moment the picture was taken; ``stamp`` is its seconds and nanoseconds, as
    they are. Box centres and sizes are pixels. ``ids`` (N,) are those of the tracks, if objects
    are tracked.
    """
    header = _TIME.pack(*stamp) + _string(frame_id)
    out = bytearray(header)
    _append(out, 4, _COUNT.pack(len(detections)))
    rows = zip(detections.boxes_xyxy.tolist(), detections.scores.tolist(),
               detections.class_ids.tolist(), ids or [''] * len(detections))
    for (left, top, right, bottom), score, class_id, name in rows:
        _append(out, 4, header)
        _append(out, 4, _COUNT.pack(1))
        out += _string(labels[class_id])
        _append(out, 8, _SCORE.pack(score))
        out += _NO_POSE
        out += _BOX.pack((left + right) / 2, (top + bottom) / 2, 0, right - left, bottom - top)
        out += _string(name)
    return _LITTLE_ENDIAN + out


def _string(text: str) -> bytes:
    """Return a string, which ends in a zero byte that its length includes."""
    encoded = text.encode()
    return _COUNT.pack(len(encoded) + 1) + encoded + b'\0'


def _append(out: bytearray, alignment: int, packed: bytes) -> None:
    """Append what begins at a multiple of so many bytes, counted from behind the first four."""
    out += bytes(-len(out) % alignment) + packed
