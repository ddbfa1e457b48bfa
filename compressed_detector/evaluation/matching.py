# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which detections answer which objects of the ground truth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.boxes import iou_matrix
from compressed_detector.detection.types import Floats


def match(
    detected_xyxy: Floats, scores: Floats, truth_xyxy: Floats, iou_threshold: float
) -> npt.NDArray[np.intp]:
    """
    Return for every detection the index of the truth box it answers, or -1; shape (N,).

    Detections (N, 4) with scores (N,) take the free truth box (M, 4) that they overlap most, in
    the order of their scores, as COCO's evaluation does; an overlap below iou_threshold is none.
    """
    assigned = np.full(len(scores), -1, np.intp)
    if not len(truth_xyxy):
        return assigned
    overlap = iou_matrix(detected_xyxy, truth_xyxy)
    for row in np.argsort(-scores, kind='stable'):
        best = int(np.argmax(overlap[row]))
        if overlap[row, best] >= iou_threshold:
            assigned[row] = best
            overlap[:, best] = -1  # taken
    return assigned
