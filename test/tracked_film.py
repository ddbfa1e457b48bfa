# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A film of detections that a tracker watches, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compressed_detector.config import TrackingSettings
from compressed_detector.detection.tracking import Tracker, Tracks
from compressed_detector.detection.types import Detections

START_NS = 1_767_225_600 * 10**9
SIZE = (640, 480)
PERSON, CAR = 0, 1
Box = tuple[float, float, float, float]
HERE: Box = (100, 100, 140, 200)
THERE: Box = (400, 100, 440, 200)


def seen(*boxes: Box, scores: Sequence[float] = (), class_ids: Sequence[int] = ()) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores or [0.9] * count, np.float32),
        np.array(class_ids or [PERSON] * count, np.int32),
    )


def moved(box: Box, right: float, down: float = 0) -> Box:
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down


class Film:
    """Feeds a tracker with frames at 10 Hz, unless told another time."""

    def __init__(self, **options: Any) -> None:
        self.tracker = Tracker()
        self.settings = TrackingSettings(tracking=True, **options)
        self.seconds = 0.0

    def frame(self, detections: Detections, step_s: float = 0.1) -> Tracks:
        self.seconds += step_s
        stamp_ns = START_NS + round(self.seconds * 1e9)
        return self.tracker.update(stamp_ns, detections, SIZE, self.settings)

    def empty(self, step_s: float = 0.1) -> Tracks:
        return self.frame(seen(), step_s)


def started(**options: Any) -> Film:
    """Return a film whose first frame, which is special, is over and was empty."""
    film = Film(**options)
    film.empty()
    return film
