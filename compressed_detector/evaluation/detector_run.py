# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a detector said about the cameras of one recording, and what that cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.types import Detections
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.ground_truth import GroundTruth, Objects
from compressed_detector.evaluation.places import Geometry, places
from compressed_detector.evaluation.recording import Frames, Labelled, Recording, Reports

# Why a frame was not looked at.
NOT_ANSWERED = ('frames_undecodable', 'frames_replaced', 'frames_skipped', 'frames_too_old',
                'frames_lost')


@dataclass(frozen=True, eq=False)
class CameraRun:
    """
    What a detector said about one camera.

    ``labels``: of the detector. ``frames``: none of them is annotated yet. ``frame_id``: of the
    headers of the images.
    """

    source: str
    camera: str
    labels: tuple[str, ...]
    sequential: bool
    frame_id: str
    frames: Frames
    reports: Reports


@dataclass(frozen=True)
class Usage:
    """
    What it took.

    ``cpu_s_per_frame``: of all threads. ``peak_rss_mb``: the most memory that was resident.
    ``frames_undecodable``: images that are none. Of a live run ``frames_replaced``: a newer one
    came before their turn; ``frames_skipped``, ``frames_too_old``: by max_rate and max_age;
    ``frames_lost``: the node never got them.
    """

    frames: int
    cpu_s_per_frame: float
    peak_rss_mb: float
    frames_undecodable: int = 0
    frames_replaced: int = 0
    frames_skipped: int = 0
    frames_too_old: int = 0
    frames_lost: int = 0


def together(usages: Sequence[Usage]) -> Usage:
    """Return what several runs of a detector took together."""
    frames = sum(usage.frames for usage in usages)
    seconds = sum(usage.cpu_s_per_frame * usage.frames for usage in usages if usage.frames)
    return Usage(
        frames, seconds / frames if frames else float('nan'),
        max(usage.peak_rss_mb for usage in usages),
        *(sum(getattr(usage, name) for usage in usages) for name in NOT_ANSWERED),
    )


class RunBuilder:
    """Takes frames of one camera, in any order, with the detections in each."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._detections: list[Detections] = []

    def add(
        self, stamp_ns: int, index: int, size_px: tuple[int, int], detections: Detections | None,
        latency_ms: float = np.nan, age_ms: float = np.nan, decode_ms: float = np.nan,
    ) -> None:
        """Add a frame; without detections (None) the detector did not look at it."""
        self._rows.append((stamp_ns, index, size_px, False, detections is not None, latency_ms,
                           age_ms, decode_ms))
        self._detections.append(Detections.empty() if detections is None else detections)

    def build(self) -> tuple[Frames, Reports]:
        """Return all frames, sorted by stamp, and what was reported in them."""
        if not self._rows:
            return Frames.empty(), Reports.empty()
        frames = Frames(*(np.array(values) for values in zip(*self._rows)))
        order = np.argsort(frames.stamps_ns, kind='stable')
        found = [self._detections[place] for place in order]
        return frames[order], Reports.concatenate([
            _reports(detections, frame) for frame, detections in enumerate(found)
        ])


def _reports(detections: Detections, frame: int) -> Reports:
    unknown = np.full(len(detections), np.nan)
    return Reports(
        np.full(len(detections), frame), detections.boxes_xyxy.astype(np.float64),
        detections.scores.astype(np.float64), detections.class_ids, unknown, unknown,
    )


def compared(
    run: CameraRun, truth: GroundTruth | None, geometry: Geometry | None
) -> Recording:
    """
    Return a run beside the truth; its labels are those of both.

    With a geometry, reports are placed on the floor, and so are objects whose places are not
    known. Raises EvaluationError when the truth is about other frames.
    """
    annotated, objects = np.zeros(len(run.frames), np.bool_), Objects.empty()
    labels = run.labels
    if truth is not None:
        annotated, objects = truth.of(run.frames.stamps_ns, run.frames.indices)
        _check_overlap(run, truth, bool(annotated.any()))
        labels = tuple(dict.fromkeys((*run.labels, *truth.labels)))
        numbers = np.array([labels.index(name) for name in truth.labels], np.int32)
        objects = dataclasses.replace(objects, class_ids=numbers[objects.class_ids])
    measured = bool(np.isfinite(objects.forward_m).any())
    reports = run.reports
    if geometry is not None:
        reports = _placed(reports, run.frames, geometry)
        objects = objects if measured else _placed(objects, run.frames, geometry)
    frames = dataclasses.replace(run.frames, annotated=annotated)
    return Recording(run.source, run.camera, labels, run.sequential, measured, frames, objects,
                     reports, run.frame_id)


def _check_overlap(run: CameraRun, truth: GroundTruth, any_annotated: bool) -> None:
    if len(truth.keys) and not any_annotated:
        have = run.frames.stamps_ns if truth.keyed_by == 'stamp_ns' else run.frames.indices
        raise EvaluationError(
            f'{run.source}: expected ground truth of the images of {run.camera}, got '
            f'{len(truth.keys)} frames by {truth.keyed_by} from {truth.keys[0]} on, of which the '
            f'images have none: theirs are from {have.min(initial=2**62)} on; is it of another '
            'recording, or keyed by the time of logging?'
        )


def _placed(table: Labelled, frames: Frames, geometry: Geometry) -> Labelled:
    forward, right = places(table.boxes_xyxy, frames.sizes_px[table.frames], geometry)
    return dataclasses.replace(table, forward_m=forward, right_m=right)
