# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Box algebra: intersection over union and non-maximum suppression."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Floats, Indices

Real = TypeVar('Real', np.float32, np.float64)


def from_centres(centres: Floats, sides: Floats) -> Floats:
    """Return the boxes (N, 4) of centres (N, 2), x and y, and sides (N, 2), width and height."""
    boxes: Floats = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)
    return boxes


def areas(boxes_xyxy: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """Return the areas (N,) of boxes (N, 4); a box turned inside out has area 0."""
    sides = np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0)
    product: npt.NDArray[Real] = sides[:, 0] * sides[:, 1]
    return product


def intersections(
    first_xyxy: npt.NDArray[Real], second_xyxy: npt.NDArray[Real]
) -> npt.NDArray[Real]:
    """Return the areas (N, M) that boxes (N, 4) have in common with boxes (M, 4)."""
    top_left = np.maximum(first_xyxy[:, None, :2], second_xyxy[None, :, :2])
    bottom_right = np.minimum(first_xyxy[:, None, 2:], second_xyxy[None, :, 2:])
    sides = np.maximum(bottom_right - top_left, 0)
    common: npt.NDArray[Real] = sides[..., 0] * sides[..., 1]
    return common


def iou_matrix(
    first_xyxy: npt.NDArray[Real], second_xyxy: npt.NDArray[Real]
) -> npt.NDArray[Real]:
    """
    Return the intersection over union (N, M) of boxes (N, 4) with boxes (M, 4).

    Two boxes whose union is empty overlap by 0.
    """
    intersection = intersections(first_xyxy, second_xyxy)
    union = areas(first_xyxy)[:, None] + areas(second_xyxy)[None, :] - intersection
    iou: npt.NDArray[Real] = np.divide(
        intersection, union, out=np.zeros_like(intersection), where=union > 0
    )
    return iou


def class_wise_nms(
    boxes_xyxy: Floats,
    scores: Floats,
    class_ids: npt.NDArray[np.int32],
    iou_threshold: float,
) -> Indices:
    """
    Return the indices that greedy non-maximum suppression keeps, best score first.

    Boxes (N, 4), scores (N,) and class_ids (N,) belong together. A box is suppressed by a kept
    box of the same class that overlaps it by more than iou_threshold; on equal scores the
    earlier row wins.
    """
    order = np.argsort(-scores, kind='stable')
    ordered = boxes_xyxy[order]
    suppresses = (iou_matrix(ordered, ordered) > iou_threshold) & (
        class_ids[order][:, None] == class_ids[order][None, :]
    )
    alive = np.ones(len(order), dtype=bool)
    for rank in range(len(order)):
        if alive[rank]:
            alive[rank + 1:] &= ~suppresses[rank, rank + 1:]
    return order[alive]


def clip(boxes_xyxy: Floats, width: int, height: int) -> Floats:
    """Return boxes (N, 4) clipped to an image of the given size in pixels."""
    limit = np.array([width, height, width, height], np.float32)
    clipped: Floats = np.clip(boxes_xyxy, 0, limit)
    return clipped
