# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What was found in annotated frames, one by one: to count, and to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.ground_truth import FrameTruth
from compressed_detector.evaluation.matching import match


@dataclass(frozen=True, eq=False)
class FrameScore:
    """One annotated frame: what was detected, what was there, and which of it was found."""

    stamp_ns: int
    detected: Detections
    truth: FrameTruth
    found: npt.NDArray[np.bool_]


def score_frames(
    detections: Mapping[int, Detections],
    truth: Sequence[FrameTruth],
    class_id: int,
    score_threshold: float,
    iou_threshold: float,
) -> list[FrameScore]:
    """Match the detections of one class with the ground truth, frame by frame."""
    return [
        _score_frame(
            detections.get(frame.stamp_ns, Detections.empty()),
            frame, class_id, score_threshold, iou_threshold,
        )
        for frame in truth
    ]


def _score_frame(
    detected: Detections, truth: FrameTruth, class_id: int, score_threshold: float,
    iou_threshold: float,
) -> FrameScore:
    kept = detected[(detected.class_ids == class_id) & (detected.scores >= score_threshold)]
    answers = match(kept.boxes_xyxy, kept.scores, truth.boxes_xyxy, iou_threshold)
    found = np.isin(np.arange(len(truth.boxes_xyxy)), answers)
    return FrameScore(truth.stamp_ns, kept, truth, found)
