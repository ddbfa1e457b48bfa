# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections to messages and back, serialized as in bags, without a ROS installation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from compressed_detector.detection.detection_arrays import from_detection_array
from compressed_detector.detection.detection_cdr import ARRAY, serialize
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.recording import Recording
from compressed_detector.message_types import typestore


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
        yield stamp_ns, serialize(
            found, recording.labels, divmod(stamp_ns, 10**9), recording.frame_id)


def deserialize(data: bytes, labels: Sequence[str]) -> Detections:
    """Return the detections in the CDR bytes of a Detection2DArray with the same labels."""
    return from_detection_array(typestore().deserialize_cdr(data, ARRAY), labels)
