# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What tracking does to a recorded scene: who is missed, what is false, what flickers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.config import TrackingSettings
from compressed_detector.detection.boxes import Real, iou_matrix
from compressed_detector.detection.tracking import Tracker, Tracks
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.frame_scores import score_frames
from compressed_detector.evaluation.ground_truth import FrameTruth

SAME_PLACE_IOU = 0.3


@dataclass(frozen=True)
class Stability:
    """
    Counts over a scene, of one class.

    ``missed`` of ``objects`` are true objects without a report, ``false_reports`` reports
    without a true object, both over the annotated frames. ``reports`` and ``interruptions`` are
    over all frames: an interruption is a report whose place is empty in the next frame and
    reported again in one of the two after that.
    """

    missed: int
    objects: int
    false_reports: int
    reports: int
    interruptions: int


def track(
    detections: Mapping[int, Detections], image_size: tuple[int, int], settings: TrackingSettings
) -> dict[int, Tracks]:
    """Return the tracks of a scene, by the stamps (ns) of its frames."""
    tracker = Tracker()
    return {
        stamp_ns: tracker.update(stamp_ns, found, image_size, settings)
        for stamp_ns, found in sorted(detections.items())
    }


def stability(
    detections: Mapping[int, Detections], truth: Sequence[FrameTruth], class_id: int,
    iou_threshold: float,
) -> Stability:
    """Score the reports of a scene, by stamp (ns); a report within iou_threshold is true."""
    scored = score_frames(detections, truth, class_id, 0.0, iou_threshold)
    boxes = [
        found.boxes_xyxy[found.class_ids == class_id] for _, found in sorted(detections.items())
    ]
    found_objects = sum(int(frame.found.sum()) for frame in scored)
    return Stability(
        missed=sum(len(frame.found) for frame in scored) - found_objects,
        objects=sum(len(frame.found) for frame in scored),
        false_reports=sum(len(frame.detected) for frame in scored) - found_objects,
        reports=sum(map(len, boxes)),
        interruptions=interruptions(boxes),
    )


def interruptions(boxes: Sequence[npt.NDArray[Real]]) -> int:
    """Return how often a box (N, 4) of a frame is in none of the next, but in one of the two."""
    return sum(interruptions_by_frame(boxes))


def interruptions_by_frame(boxes: Sequence[npt.NDArray[Real]]) -> list[int]:
    """Return how many boxes (N, 4) of each frame are interrupted after it; 0 in the last three."""
    counts = [0] * len(boxes)
    for index, (now, following, second, third) in enumerate(
        zip(boxes, boxes[1:], boxes[2:], boxes[3:])
    ):
        gone = ~_reported(now, following)
        back = _reported(now, second) | _reported(now, third)
        counts[index] = int((gone & back).sum())
    return counts


def _reported(
    boxes_xyxy: npt.NDArray[Real], later_xyxy: npt.NDArray[Real]
) -> npt.NDArray[np.bool_]:
    if not len(boxes_xyxy) or not len(later_xyxy):
        return np.zeros(len(boxes_xyxy), np.bool_)
    near = iou_matrix(boxes_xyxy, later_xyxy) >= SAME_PLACE_IOU
    reported: npt.NDArray[np.bool_] = np.any(near, axis=1)
    return reported
