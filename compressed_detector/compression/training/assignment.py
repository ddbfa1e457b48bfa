# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Which cells of a network learn which of the labelled boxes.

Zhang et al., Bridging the Gap Between Anchor-based and Anchor-free Detection via Adaptive Training
Sample Selection (ATSS), CVPR 2020, with the anchors that NanoDet has for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.boxes import from_centres, iou_matrix
from compressed_detector.detection.heads.levels import grid, points
from compressed_detector.detection.types import Floats

BACKGROUND, IGNORED = -1, -2
# Candidates of a box at every level.
NEAREST = 9
# The side of a cell's anchor, in strides.
ANCHOR = 5


class LevelTargets(NamedTuple):
    """
    What the cells of one stride should say, or those of a batch with an axis more in front.

    ``class_ids``: int32 (rows, columns), BACKGROUND where there is nothing, IGNORED where nothing
    is learned. ``distances``: float32 (rows, columns, 4), from the point of the cell to the left,
    top, right and bottom of its box in strides; 0 where there is none.
    """

    class_ids: npt.NDArray[np.int32]
    distances: Floats


@dataclass(frozen=True)
class Grids:
    """The cells of a network with a GFL head, for an input of ``size`` x ``size`` pixels."""

    size: int
    strides: Sequence[int]
    cell_offset: float = 0.5

    def assign(
        self, boxes_xyxy: Floats, class_ids: npt.NDArray[np.int32], ignored_xyxy: Floats
    ) -> tuple[LevelTargets, ...]:
        """
        Return the targets of every stride for boxes (N, 4) and their classes (N,).

        Boxes are in pixels of the input. Candidates of a box are, of every stride, the cells
        whose points are nearest to its centre. Those learn it that lie in it and whose anchors
        overlap it by the mean of the candidates' and a standard deviation more, or as the best
        of them where none reaches that (anchors around a small box overlap it all alike). Of
        several boxes a cell learns the one that its anchor overlaps most. Cells that touch an
        ignored box (M, 4), or one that no cell learns, learn no background.
        """
        levels = [points(self._input, stride, self.cell_offset) for stride in self.strides]
        places = np.concatenate(levels)
        strides = np.concatenate([
            np.full(len(level), stride, np.float32) for level, stride in zip(levels, self.strides)
        ])
        owners = self._owners(boxes_xyxy, places, strides)
        learned = owners >= 0
        classes = np.full(len(places), BACKGROUND, np.int32)
        distances = np.zeros((len(places), 4), np.float32)
        classes[learned] = class_ids[owners[learned]]
        sides = _distances(places[learned], boxes_xyxy[owners[learned]])
        distances[learned] = sides / strides[learned, None]
        unlearned = np.setdiff1d(np.arange(len(boxes_xyxy)), owners)
        spared = np.concatenate([ignored_xyxy, boxes_xyxy[unlearned]])
        classes[self._touched(spared) & ~learned] = IGNORED
        return self._split(classes, distances)

    def nothing(self) -> tuple[LevelTargets, ...]:
        """Return the targets of a picture that has no labels: every cell is ignored."""
        count = sum(rows * columns for rows, columns in self._shapes())
        return self._split(
            np.full(count, IGNORED, np.int32), np.zeros((count, 4), np.float32))

    def _owners(
        self, boxes_xyxy: Floats, places: Floats, strides: Floats
    ) -> npt.NDArray[np.intp]:
        """Return the index of the box that each cell (N,) learns, -1 for none."""
        if not len(boxes_xyxy):
            return np.full(len(places), -1, np.intp)
        anchors = from_centres(places, np.repeat(ANCHOR * strides[:, None], 2, axis=1))
        overlaps = iou_matrix(anchors, boxes_xyxy)
        candidates = self._candidates(boxes_xyxy, places)
        threshold = [_threshold(overlaps[chosen, number])
                     for number, chosen in enumerate(candidates.T)]
        positive = np.zeros(overlaps.shape, bool)
        np.put_along_axis(positive, candidates, True, axis=0)
        positive &= overlaps >= threshold
        for number, box in enumerate(boxes_xyxy):
            positive[:, number] &= _distances(places, box).min(axis=1) > 0
        overlaps = np.where(positive, overlaps, -1)
        return np.where(positive.any(axis=1), overlaps.argmax(axis=1), -1)

    def _candidates(self, boxes_xyxy: Floats, places: Floats) -> npt.NDArray[np.intp]:
        """Return the indices of the candidates (K, N) of N boxes."""
        centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
        squared = ((places[:, None] - centres[None]) ** 2).sum(axis=2)
        found, start = [], 0
        for rows, columns in self._shapes():
            level = squared[start:start + rows * columns]
            found.append(start + np.argsort(level, axis=0, kind='stable')[:NEAREST])
            start += rows * columns
        return np.concatenate(found)

    def _touched(self, boxes_xyxy: Floats) -> npt.NDArray[np.bool_]:
        """Return whether each cell (N,) shares area with one of the boxes (M, 4)."""
        squares = np.concatenate([
            from_centres(points(self._input, stride), np.full((rows * columns, 2), stride))
            for stride, (rows, columns) in zip(self.strides, self._shapes())
        ])
        return np.any(iou_matrix(squares, boxes_xyxy) > 0, axis=1)

    def _shapes(self) -> list[tuple[int, int]]:
        return [grid(self._input, stride) for stride in self.strides]

    @property
    def _input(self) -> tuple[int, int]:
        return self.size, self.size

    def _split(
        self, classes: npt.NDArray[np.int32], distances: Floats
    ) -> tuple[LevelTargets, ...]:
        levels, start = [], 0
        for rows, columns in self._shapes():
            span = slice(start, start + rows * columns)
            levels.append(LevelTargets(classes[span].reshape(rows, columns),
                                       distances[span].reshape(rows, columns, 4)))
            start = span.stop
        return tuple(levels)


def _distances(places: Floats, boxes_xyxy: Floats) -> Floats:
    """Return the distances (N, 4) from points (N, 2) to the sides of a box each, or of one."""
    found: Floats = np.concatenate(
        [places - boxes_xyxy[..., :2], boxes_xyxy[..., 2:] - places], axis=-1)
    return found


def _threshold(overlaps: Floats) -> float:
    deviation = np.std(overlaps, ddof=1) if len(overlaps) > 1 else 0.0
    return min(float(np.mean(overlaps) + deviation), float(np.max(overlaps)))
