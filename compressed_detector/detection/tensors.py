# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Arrays as a runtime stores them, with the affine map to what they mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Floats, Indices


@dataclass(frozen=True)
class TensorInfo:
    """Name, shape, dtype and quantization (real = scale x (stored - zero_point)) of a tensor."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float = 1.0
    zero_point: int = 0

    @property
    def quantized(self) -> bool:
        """Whether the tensor stores integers that stand for real numbers."""
        return bool(np.issubdtype(self.dtype, np.integer))


@dataclass(frozen=True, eq=False)
class Tensor:
    """
    Stored values, and what they stand for: real = scale x (values - zero_point).

    Heads compare in the stored domain and dequantize only what passes: a comparison of
    integers over all cells is many times cheaper than converting them to floats first.
    """

    values: npt.NDArray[Any]
    scale: float = 1.0
    zero_point: int = 0

    def least(self, real: float) -> Any:
        """
        Return what stored values are compared with: those from it on stand for ``real`` and more.

        Of the values' own type where that has such a value: NumPy compares like with like in half
        of the time.
        """
        stored = real / self.scale + self.zero_point
        if self.values.dtype.kind == 'f':
            return stored
        limits = np.iinfo(self.values.dtype)
        if stored > limits.max:
            return math.inf
        return self.values.dtype.type(math.ceil(max(stored, limits.min)))

    def real(self, selected: npt.NDArray[Any]) -> Floats:
        """Return the real numbers (float32) that some of the stored values stand for."""
        floats: Floats = (selected.astype(np.float32) - self.zero_point) * np.float32(self.scale)
        return floats


def positions(mask: npt.NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """
    Return row and column of every true element of a mask (rows, columns), row by row.

    What np.nonzero returns: where few of very many are true, in a tenth of its time.
    """
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return rows, columns
