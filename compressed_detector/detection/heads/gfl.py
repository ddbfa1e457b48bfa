# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The head of NanoDet, NanoDet-Plus and PicoDet: box sides as distributions over distances.

Li et al., Generalized Focal Loss, NeurIPS 2020: every cell predicts, for each side of the box,
a distribution over distances 0..bins-1 in units of its stride; its expectation is the distance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.heads.head import check_roles
from compressed_detector.detection.heads.levels import check_strides, grid, points
from compressed_detector.detection.tensors import Tensor, positions
from compressed_detector.detection.types import Detections, Floats
from compressed_detector.errors import ModelError

SIDES = 4
ALL_STRIDES = 'predictions'
SCORE_KINDS = ('logits', 'probabilities')


@dataclass(frozen=True)
class _Part:
    """Some columns of the cells of one stride, as they lie in an output."""

    role: str
    cells: slice
    columns: slice

    def of(self, outputs: Mapping[str, Tensor]) -> Tensor:
        output = outputs[self.role]
        rows = output.values.reshape(-1, output.values.shape[-1])
        return Tensor(rows[self.cells, self.columns], output.scale, output.zero_point)


@dataclass(frozen=True, eq=False)
class _Level:
    """One stride: the points that sides are measured from, and where its predictions lie."""

    stride: int
    points: Floats
    scores: _Part
    sides: _Part


class GflHead:
    """
    Decodes class scores and the sides' logits, left, top, right, bottom, of every cell.

    Roles, each with the channels last and the cells as (rows, columns) or one row after the
    other: ``stride_N`` per stride (classes, then 4 x bins), or ``scores_N`` and ``boxes_N`` per
    stride (PicoDet's export), or ``predictions`` with the strides one after the other (NanoDet's
    export). ``scores`` says whether class scores are logits or (sigmoid applied, as in both
    exports) probabilities. Sides are measured from the point ``cell_offset`` of the way through
    a cell: 0.5, its centre, but 0 for NanoDet-Plus.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        num_classes: int,
        input_size: tuple[int, int],
        strides: Sequence[int],
        bins: int,
        scores: str = 'logits',
        cell_offset: float = 0.5,
    ) -> None:
        """Raise ModelError when the shapes (by role) are not what the options call for."""
        check_strides('gfl', strides)
        _check_options(bins, scores, cell_offset)
        self._bins = bins
        self._logits = scores == 'logits'
        channels = (num_classes, SIDES * bins)
        _check_shapes(shapes, input_size, strides, channels)
        self._levels = _levels(shapes, input_size, strides, channels, cell_offset)

    def decode(self, outputs: Mapping[str, Tensor], score_threshold: float) -> Detections:
        """Return every (cell, class) pair of at least the score as a candidate."""
        threshold = _logit(score_threshold) if self._logits else score_threshold
        # From here on all strides together: what NumPy does with a few cells takes as long for
        # one stride as for all.
        found = [_passing(level, outputs, threshold) for level in self._levels]
        scores, class_ids, first, sides, origins, strides = (
            np.concatenate(column) for column in zip(*found))
        scores = _sigmoid(scores) if self._logits else np.minimum(scores, np.float32(1))
        # A cell has one box, however many classes it may be of.
        boxes = _boxes(origins, self._expected_distances(sides) * strides[:, None])
        return Detections(boxes[np.cumsum(first) - 1], scores, class_ids.astype(np.int32))

    def _expected_distances(self, logits: Floats) -> Floats:
        """Return the expected distances (N, 4), in strides, of logits (N, 4 x bins)."""
        grouped = logits.reshape(-1, SIDES, self._bins)
        weights = np.exp(grouped - grouped.max(axis=2, keepdims=True))
        distances = np.arange(self._bins, dtype=np.float32)
        expected: Floats = (weights @ distances) / weights.sum(axis=2)
        return expected


def _passing(
    level: _Level, outputs: Mapping[str, Tensor], threshold: float
) -> tuple[npt.NDArray[Any], ...]:
    """
    Return what passes in one stride: P pairs of a cell and a class, in C different cells.

    Scores as the network has them (P,), class ids (P,), whether the pair is the first one of its
    cell (P,); the sides' logits (C, 4 x bins), points (C, 2) and strides (C,) of the cells.
    """
    classes, sides = level.scores.of(outputs), level.sides.of(outputs)
    passing, class_ids = positions(classes.values >= classes.least(threshold))
    first = np.ones(len(passing), np.bool_)
    first[1:] = passing[1:] != passing[:-1]
    cells = passing[first]
    return (classes.real(classes.values[passing, class_ids]), class_ids, first,
            sides.real(sides.values[cells]), level.points[cells],
            np.full(len(cells), level.stride, np.float32))


def _check_options(bins: int, scores: str, cell_offset: float) -> None:
    # bool is an int in Python, hence the exact type.
    if type(bins) is not int or bins < 1:
        raise ModelError(f'gfl head: expected a positive whole number of bins, got {bins!r}')
    if scores not in SCORE_KINDS:
        raise ModelError(f'gfl head: expected scores to be one of {SCORE_KINDS}, got {scores!r}')
    if type(cell_offset) not in (int, float) or not 0 <= cell_offset <= 1:
        raise ModelError(f'gfl head: expected a cell_offset from 0 to 1, got {cell_offset!r}')


def _check_shapes(
    shapes: Mapping[str, tuple[int, ...]], input_size: tuple[int, int], strides: Sequence[int],
    channels: tuple[int, int],
) -> None:
    expected = _expected_shapes(set(shapes), input_size, strides, channels)
    check_roles('gfl', shapes, set(expected))
    for role, shape in shapes.items():
        rows, columns, last = expected[role]
        if tuple(shape) not in ((1, rows, columns, last), (1, rows * columns, last)):
            raise ModelError(
                f'gfl head: expected {role} of shape (1, {rows}, {columns}, {last}) or '
                f'(1, {rows * columns}, {last}) for {channels[0]} labels, {channels[1] // SIDES} '
                f'bins and an input of {input_size[0]} x {input_size[1]}, got {tuple(shape)}'
            )


def _expected_shapes(
    roles: set[str], input_size: tuple[int, int], strides: Sequence[int],
    channels: tuple[int, int],
) -> dict[str, tuple[int, int, int]]:
    """Return rows, columns and channels by role, for the layout that the roles tell."""
    grids = {stride: grid(input_size, stride) for stride in strides}
    if roles == {ALL_STRIDES}:
        return {ALL_STRIDES: (sum(rows * columns for rows, columns in grids.values()), 1,
                              sum(channels))}
    if any(role.startswith(('scores_', 'boxes_')) for role in roles):
        scores = {f'scores_{stride}': (*size, channels[0]) for stride, size in grids.items()}
        sides = {f'boxes_{stride}': (*size, channels[1]) for stride, size in grids.items()}
        return scores | sides
    return {f'stride_{stride}': (*size, sum(channels)) for stride, size in grids.items()}


def _levels(
    roles: Mapping[str, object], input_size: tuple[int, int], strides: Sequence[int],
    channels: tuple[int, int], cell_offset: float,
) -> list[_Level]:
    levels, start = [], 0
    for stride in strides:
        measured_from = points(input_size, stride, cell_offset)
        span = slice(start, start + len(measured_from))
        parts = _parts(roles, stride, span, channels[0])
        levels.append(_Level(stride, measured_from, *parts))
        start = span.stop
    return levels


def _parts(
    roles: Mapping[str, object], stride: int, span: slice, num_classes: int
) -> tuple[_Part, _Part]:
    """Return where the scores and the sides of a stride lie; span is its place among all."""
    if f'scores_{stride}' in roles:
        return (_Part(f'scores_{stride}', slice(None), slice(None)),
                _Part(f'boxes_{stride}', slice(None), slice(None)))
    role, rows = (
        (ALL_STRIDES, span) if ALL_STRIDES in roles else (f'stride_{stride}', slice(None))
    )
    return _Part(role, rows, slice(num_classes)), _Part(role, rows, slice(num_classes, None))


def _boxes(points: Floats, distances: Floats) -> Floats:
    boxes: Floats = np.concatenate([points - distances[:, :2], points + distances[:, 2:]], axis=1)
    return boxes


def _logit(probability: float) -> float:
    return math.inf if probability >= 1 else math.log(probability / (1 - probability))


def _sigmoid(logits: Floats) -> Floats:
    scores: Floats = np.float32(1) / (1 + np.exp(-logits))
    return scores
