# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""evaluate_bag --video: the recordings with what detectors reported, to look at."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from compressed_detector.cli.evaluate_outputs import file_name, sources_with_several
from compressed_detector.cli.progress import Progress
from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import EvaluationError, ImageError
from compressed_detector.evaluation.columns import rows_of
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.frame_scores import FrameScore
from compressed_detector.evaluation.ground_truth import FrameTruth
from compressed_detector.evaluation.operating_point import answer
from compressed_detector.evaluation.pictures import draw_score, write_video
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.sources import FrameSource

SLOWEST_FPS, FASTEST_FPS = 1.0, 120.0


def check(sources: Mapping[str, FrameSource]) -> None:
    """Raise EvaluationError when something is no film."""
    for name, source in sources.items():
        if not source.sequential:
            raise EvaluationError(f'--video: expected films, got the pictures of {name}; leave '
                                  'out --video')


def write_films(
    output: Path, sources: Mapping[str, FrameSource],
    found: Mapping[str, Sequence[Recording]], criteria: Criteria, progress: Progress,
) -> list[str]:
    """
    Write MODEL/SOURCE.mp4 of each model and recording; return what was written, below output.

    One frame is in memory at a time. Raises EvaluationError.
    """
    written = []
    for model, recordings in found.items():
        several = sources_with_several(recordings)
        for item in recordings:
            stem = file_name(item.source, item.camera, item.source in several)
            path = output / model / f'{stem}.mp4'
            told = functools.partial(progress, f'{model}: film of {stem}')
            write_video(path, _frames(sources[item.source], item, criteria, told), _fps(item))
            if path.exists():
                written.append(f'{model}/{path.name}')
    return written


def _frames(
    source: FrameSource, recording: Recording, criteria: Criteria,
    progress: Callable[[int, int], None],
) -> Iterator[Image]:
    found = answer(recording, criteria.score_threshold, criteria.iou_threshold, True).reports >= 0
    objects, reports = recording.objects, recording.reports
    count = len(recording.frames)
    objects_of, reports_of = rows_of(objects.frames, count), rows_of(reports.frames, count)
    row_of = {int(index): row for row, index in enumerate(recording.frames.indices)}
    for frame in source.frames():
        if frame.camera != recording.camera or frame.index not in row_of:
            continue
        row = row_of[frame.index]
        there = objects_of[row][~objects.ignored[objects_of[row]]]
        # Of a frame that was not looked at nobody can say what was found in it.
        there = there[recording.frames.answered[objects.frames[there]]]
        said = reports[reports_of[row][reports.scores[reports_of[row]]
                                       >= criteria.score_threshold]]
        score = FrameScore(
            frame.stamp_ns,
            Detections(said.boxes_xyxy.astype(np.float32), said.scores.astype(np.float32),
                       said.class_ids),
            FrameTruth(frame.stamp_ns, objects.boxes_xyxy[there].astype(np.float32)),
            found[there],
        )
        try:
            image = frame.decode()
        except ImageError:
            continue
        yield draw_score(image, score, recording.labels)
        progress(row + 1, count)


def _fps(recording: Recording) -> float:
    steps = np.diff(recording.frames.stamps_ns) / 1e9
    usual = float(np.median(steps)) if len(steps) else 1.0
    return round(min(max(1 / max(usual, 1e-9), SLOWEST_FPS), FASTEST_FPS), 2)
