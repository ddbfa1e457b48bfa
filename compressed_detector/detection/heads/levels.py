# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The grids of a network that predicts once per cell, at several strides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compressed_detector.detection.types import Floats
from compressed_detector.errors import ModelError


def check_strides(head: str, strides: Sequence[int]) -> None:
    """Raise ModelError unless the strides are different positive whole numbers."""
    # bool is an int in Python, hence the exact type.
    positive = all(type(stride) is int and stride > 0 for stride in strides)
    if not strides or not positive or len(set(strides)) != len(strides):
        raise ModelError(
            f'{head} head: expected different positive whole strides, got strides {strides}'
        )


def grid(input_size: tuple[int, int], stride: int) -> tuple[int, int]:
    """Return rows and columns of the cells of a stride in an input (width, height)."""
    width, height = input_size
    return -(-height // stride), -(-width // stride)


def cells(input_size: tuple[int, int], stride: int) -> Floats:
    """Return column and row (N, 2) of the cells of a stride, one row of cells after the other."""
    rows, columns = grid(input_size, stride)
    row, column = np.mgrid[:rows, :columns]
    return np.stack([column, row], axis=-1).reshape(-1, 2).astype(np.float32)


def points(input_size: tuple[int, int], stride: int, cell_offset: float = 0.5) -> Floats:
    """
    Return x and y (N, 2), pixels, of a point in each of these cells, in their order.

    It lies ``cell_offset`` of the way through the cell: 0.5 is its centre.
    """
    found: Floats = (cells(input_size, stride) + np.float32(cell_offset)) * np.float32(stride)
    return found
