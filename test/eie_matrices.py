# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Sparse matrices of few whole numbers, with which sums of float32 are exact in any order."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from compressed_detector.detection.types import Floats

VALUES = tuple(value for value in range(-7, 9) if value)


@st.composite
def sparse_matrices(draw: st.DrawFn) -> Floats:
    """Up to 80 x 6, of any density, up to 15 values; empty columns and rows happen."""
    rows, columns = draw(st.integers(1, 80)), draw(st.integers(1, 6))
    density = draw(st.sampled_from([0.0, 0.02, 0.1, 0.5, 1.0]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kept = random.random((rows, columns)) < density
    return np.where(kept, random.choice(VALUES, (rows, columns)), 0).astype(np.float32)


def column(*values: float) -> Floats:
    """A matrix of one column."""
    return np.array(values, np.float32)[:, np.newaxis]
