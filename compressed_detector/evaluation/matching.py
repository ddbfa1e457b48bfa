# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Which detections answer which objects of the ground truth, as COCO's evaluation has it.

Lin et al., Microsoft COCO, ECCV 2014, and its reference implementation, pycocotools.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.boxes import areas, intersections, iou_matrix
from compressed_detector.detection.types import Floats, Indices
from compressed_detector.evaluation.columns import Flags, Floats64

Boxes = npt.NDArray[np.floating[Any]]
# An overlap of exactly 1 can be a rounding error less.
WHOLE = 1 - 1e-10


def match(
    detected_xyxy: Floats, scores: Floats, truth_xyxy: Floats, iou_threshold: float
) -> Indices:
    """
    Return for every detection the index of the truth box it answers, or -1; shape (N,).

    Detections (N, 4) with scores (N,) take the free truth box (M, 4) that they overlap most, in
    the order of their scores; an overlap below iou_threshold is none.
    """
    none = np.zeros(len(truth_xyxy), np.bool_)
    order = np.argsort(-scores, kind='stable')
    overlap = overlaps(detected_xyxy[order], truth_xyxy, none)
    assigned = np.empty(len(scores), np.intp)
    assigned[order] = assign(overlap, np.array([iou_threshold]), none, none)[0]
    return assigned


def overlaps(detected_xyxy: Boxes, truth_xyxy: Boxes, crowd: Flags) -> Floats64:
    """
    Return by how much detections (N, 4) overlap truth boxes (M, 4): (N, M), 0 to 1.

    That is the intersection over union; for a crowd (M,), over the area of the detection alone.
    """
    detected, truth = np.asarray(detected_xyxy, np.float64), np.asarray(truth_xyxy, np.float64)
    overlap = iou_matrix(detected, truth)
    if crowd.any():
        sides = np.maximum(areas(detected), np.finfo(np.float64).tiny)
        overlap[:, crowd] = intersections(detected, truth[crowd]) / sides[:, None]
    return overlap


def assign(
    overlap: Floats64, iou_thresholds: Floats64, ignored: Flags, crowd: Flags
) -> Indices:
    """
    Return which truth box each detection answers at each threshold, or -1: (T, N).

    overlap (N, M): detections in rows, the best score first. Each takes the free box (M,) that it
    overlaps most; one that is not ignored goes before all that are; of two equals the later. A
    crowd stays free.
    """
    thresholds = np.arange(len(iou_thresholds))
    assigned = np.full((len(thresholds), len(overlap)), -1, np.intp)
    # Thresholds are bits of whole numbers, and most detections reach no box at any: Python goes
    # through the others faster than NumPy through arrays of so few.
    needed = np.minimum(iou_thresholds, WHOLE)
    reached = (overlap[:, :, None] >= needed) @ (1 << thresholds)
    taken = []
    free = [-1] * overlap.shape[1]
    for row in np.flatnonzero(reached.any(axis=1)).tolist():
        overlaps_of, reached_by, left = overlap[row].tolist(), reached[row].tolist(), -1
        best_first = sorted(np.flatnonzero(reached[row]).tolist(), key=lambda column: (
            ignored[column], -overlaps_of[column], -column))
        for column in best_first:
            takes = reached_by[column] & free[column] & left
            taken.append((row, column, takes))
            left &= ~takes
            if not crowd[column]:
                free[column] &= ~takes
    rows, columns, bits = np.array(taken, np.int64).reshape(-1, 3).T
    pairs, at = np.nonzero(bits[:, None] >> thresholds & 1)
    assigned[at, rows[pairs]] = columns[pairs]
    return assigned
