# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Ground truth as text of the MOT challenge (Milan et al., MOT16, arXiv:1603.00831, section 3).

A row is frame, id, left, top, width, height, confidence, class, visibility; of MOT15 it ends in
x, y, z instead of the last two, and is a person. Frames and pixels count from 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.ground_truth import INDEX, GroundTruth, Objects

LABELS = ('person',)
PEDESTRIAN = 1
# People on vehicles, static people, distractors and reflections: no mistake when detected. Other
# classes (vehicles, occluders) are not asked for.
IGNORED_CLASSES = (2, 7, 8, 12)
MOT16_COLUMNS, MOT15_COLUMNS = 9, 10
MOST_FRAMES = 10**7


def load_mot(path: Path) -> GroundTruth:
    """
    Return the people of a gt.txt, by number of the frame from 0; raises EvaluationError.

    All frames up to the last row are annotated. Rows with confidence 0 are to be ignored, and so
    are people of whom nothing is visible.
    """
    rows = _rows(path)
    modern = rows.shape[1] == MOT16_COLUMNS
    classes = rows[:, 7] if modern else np.full(len(rows), PEDESTRIAN)
    kept = (classes == PEDESTRIAN) | np.isin(classes, IGNORED_CLASSES)
    last = int(rows[:, 0].max())
    ignored = (classes != PEDESTRIAN) | (rows[:, 6] == 0)
    if modern:
        ignored |= rows[:, 8] <= 0
    rows, ignored = rows[kept], ignored[kept]
    corner = rows[:, 2:4] - 1
    unknown = np.full(len(rows), np.nan)
    return GroundTruth(LABELS, INDEX, np.arange(last), Objects(
        frames=rows[:, 0].astype(np.intp) - 1,
        boxes_xyxy=np.hstack([corner, corner + rows[:, 4:6]]),
        class_ids=np.zeros(len(rows), np.int32), track_ids=rows[:, 1].astype(np.int64),
        ignored=ignored, crowd=np.zeros(len(rows), np.bool_), forward_m=unknown, right_m=unknown,
    ))


def _rows(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    try:
        rows = np.loadtxt(path, delimiter=',', ndmin=2)
        if not len(rows) or rows.shape[1] not in (MOT16_COLUMNS, MOT15_COLUMNS):
            raise ValueError(f'{len(rows)} rows of {rows.shape[1]} columns')
        if not (np.isfinite(rows[:, :7]).all() and (rows[:, 4:6] >= 0).all()
                and ((rows[:, 0] >= 1) & (rows[:, 0] <= MOST_FRAMES)).all()):
            raise ValueError('a frame before 1, a side below 0, or a number that is not finite')
    except (OSError, ValueError) as error:
        raise EvaluationError(
            f'{path}: expected rows as in gt.txt of the MOT challenge (frame, id, left, top, '
            f'width, height, confidence, class, visibility), got {error}'
        ) from error
    return rows
