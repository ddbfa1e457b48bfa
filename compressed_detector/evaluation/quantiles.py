# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Quantiles that are values which were measured, infinite ones included."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def quantile(values: npt.ArrayLike, part: float) -> float:
    """
    Return the smallest of the values (N,) that at least this part of them do not exceed.

    The nearest rank, without interpolation (Hyndman and Fan, 1996, definition 1). NaN counts as
    not measured; without any value it is NaN.
    """
    known = np.asarray(values, np.float64).ravel()
    known = np.sort(known[~np.isnan(known)])
    if not len(known):
        return math.nan
    # The hair is for parts such as 0.9, which binary fractions put a bit too high.
    rank = math.ceil(part * len(known) - 1e-9)
    return float(known[max(rank, 1) - 1])
