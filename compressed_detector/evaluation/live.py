# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a run of the live node over a recorded bag was worth, as figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Detections, Floats
from compressed_detector.evaluation.ground_truth import FrameTruth
from compressed_detector.evaluation.matching import match


@dataclass(frozen=True, eq=False)
class LiveRun:
    """
    What went in and what came out of the node.

    Counts are frames. ``detections`` are keyed by image stamp (ns); ``latencies_ms`` (N,) are
    from the arrival of an image to the arrival of its detections, both seen by one observer.
    """

    frames_published: int
    frames_received: int
    frames_processed: int
    frames_replaced: int
    frames_undecodable: int
    detections: Mapping[int, Detections]
    latencies_ms: Floats


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


def recall(frames: Sequence[FrameScore]) -> float:
    """Return the share of true objects that were found; NaN when there are none."""
    found = np.concatenate([np.zeros(0, bool), *(frame.found for frame in frames)])
    return float(found.mean()) if len(found) else float('nan')


def metrics(run: LiveRun, frames: Sequence[FrameScore]) -> dict[str, Any]:
    """Return the figures of a run, JSON-ready."""
    p50, p99 = np.percentile(run.latencies_ms, [50, 99]) if len(run.latencies_ms) else (0, 0)
    return {
        'frames_published': run.frames_published,
        'frames_processed': run.frames_processed,
        'frames_replaced': run.frames_replaced,
        'frames_undecodable': run.frames_undecodable,
        'frames_lost': run.frames_published - run.frames_received,
        'frames_answered': len(run.detections),
        'latency_ms': {'p50': round(float(p50), 2), 'p99': round(float(p99), 2)},
        'annotated_frames': len(frames),
        'annotated_people': sum(len(frame.found) for frame in frames),
        'person_recall': round(recall(frames), 4),
    }


def _score_frame(
    detected: Detections, truth: FrameTruth, class_id: int, score_threshold: float,
    iou_threshold: float,
) -> FrameScore:
    kept = detected[(detected.class_ids == class_id) & (detected.scores >= score_threshold)]
    answers = match(kept.boxes_xyxy, kept.scores, truth.boxes_xyxy, iou_threshold)
    found = np.isin(np.arange(len(truth.boxes_xyxy)), answers)
    return FrameScore(truth.stamp_ns, kept, truth, found)
