# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The head of NanoDet: class logits, and box sides as distributions over distances.

Li et al., Generalized Focal Loss, NeurIPS 2020: every cell predicts, for each side of the box,
a distribution over distances 0..bins-1 in units of its stride; its expectation is the distance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from compressed_detector.detection.tensors import Tensor
from compressed_detector.detection.types import Detections, Floats, Indices
from compressed_detector.errors import ModelError

SIDES = 4


class GflHead:
    """
    Decodes one tensor (1, rows, columns, classes + 4 x bins) per stride, role ``stride_N``.

    The last axis holds the class logits, then the logits of the distances to the left, top,
    right and bottom side from the centre of the cell.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        num_classes: int,
        strides: Sequence[int],
        bins: int,
    ) -> None:
        """Raise ModelError when the shapes (by role) are not what the options call for."""
        _check_counts(strides, bins)
        self._num_classes = num_classes
        self._bins = bins
        self._strides = {f'stride_{stride}': stride for stride in strides}
        self._check_shapes(shapes)
        self._centres = {
            role: _cell_centres(shape[1], shape[2], self._strides[role])
            for role, shape in shapes.items()
        }

    def decode(self, outputs: Mapping[str, Tensor], score_threshold: float) -> Detections:
        """Return every (cell, class) pair of at least the score as a candidate."""
        levels = [
            self._decode_level(role, outputs[role], score_threshold) for role in self._strides
        ]
        return Detections(
            np.concatenate([level.boxes_xyxy for level in levels]),
            np.concatenate([level.scores for level in levels]),
            np.concatenate([level.class_ids for level in levels]),
        )

    def _check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        if set(shapes) != set(self._strides):
            raise ModelError(
                f'gfl head: expected outputs {sorted(self._strides)}, got {sorted(shapes)}'
            )
        channels = self._num_classes + SIDES * self._bins
        for role, shape in shapes.items():
            if len(shape) != 4 or shape[0] != 1 or shape[3] != channels:
                raise ModelError(
                    f'gfl head: expected {role} of shape (1, rows, columns, {channels}) for '
                    f'{self._num_classes} labels and {self._bins} bins, got {tuple(shape)}'
                )
        _check_grids({role: shape[1:3] for role, shape in shapes.items()}, self._strides)

    def _decode_level(self, role: str, output: Tensor, score_threshold: float) -> Detections:
        cells = output.values.reshape(-1, output.values.shape[-1])
        logits = cells[:, :self._num_classes]
        passing, class_ids = np.nonzero(logits >= output.stored(_logit(score_threshold)))
        scores = _sigmoid(output.real(logits[passing, class_ids]))
        sides = output.real(cells[passing, self._num_classes:])
        distances = self._expected_distances(sides) * self._strides[role]
        boxes = _boxes(self._centres[role], passing, distances)
        return Detections(boxes, scores, class_ids.astype(np.int32))

    def _expected_distances(self, logits: Floats) -> Floats:
        """Return the expected distances (N, 4), in strides, of logits (N, 4 x bins)."""
        grouped = logits.reshape(-1, SIDES, self._bins)
        weights = np.exp(grouped - grouped.max(axis=2, keepdims=True))
        distances = np.arange(self._bins, dtype=np.float32)
        expected: Floats = (weights @ distances) / weights.sum(axis=2)
        return expected


def _check_counts(strides: Sequence[int], bins: int) -> None:
    # bool is an int in Python, hence the exact type.
    counts = all(type(number) is int and number > 0 for number in [*strides, bins])
    if not counts or len(set(strides)) != len(strides):
        raise ModelError(
            'gfl head: expected different positive whole strides and a positive whole number '
            f'of bins, got strides {strides} and bins {bins!r}'
        )


def _check_grids(grids: Mapping[str, tuple[int, ...]], strides: Mapping[str, int]) -> None:
    """Refuse exchanged roles: rows x stride must be one input height, rounded up, and so on."""
    for axis in (0, 1):
        shortest = max((grid[axis] - 1) * strides[role] for role, grid in grids.items())
        longest = min(grid[axis] * strides[role] for role, grid in grids.items())
        if shortest >= longest:
            raise ModelError(f'gfl head: expected the grids of one input, got {_listed(grids)}')


def _listed(grids: Mapping[str, tuple[int, ...]]) -> str:
    return ', '.join(f'{role} of {rows} x {columns}' for role, (rows, columns) in grids.items())


def _cell_centres(rows: int, columns: int, stride: int) -> Floats:
    y, x = np.mgrid[:rows, :columns]
    centres: Floats = ((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) * stride).astype(
        np.float32
    )
    return centres


def _boxes(centres: Floats, cells: Indices, distances: Floats) -> Floats:
    centre = centres[cells]
    boxes: Floats = np.concatenate([centre - distances[:, :2], centre + distances[:, 2:]], axis=1)
    return boxes


def _logit(probability: float) -> float:
    return math.inf if probability >= 1 else math.log(probability / (1 - probability))


def _sigmoid(logits: Floats) -> Floats:
    scores: Floats = np.float32(1) / (1 + np.exp(-logits))
    return scores
