# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whether differences between pairs of runs are more than chance: Student's t test, paired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Halvings of an interval of the error function of t: as close as floats are.
HALVINGS = 80


@dataclass(frozen=True)
class Paired:
    """
    The mean of differences, its 95 % interval's half width, and the p value of no difference.

    Student, The Probable Error of a Mean, Biometrika 1908; two-sided. Of one pair nothing can be
    said: p is 1 and the interval is as wide as the numbers go.
    """

    mean: float
    half_width: float
    p_value: float
    pairs: int


def paired_t_test(first: Sequence[float], second: Sequence[float]) -> Paired:
    """Return what the differences first - second say; both have one entry per pair."""
    differences = np.subtract(first, second, dtype=np.float64)
    pairs, mean = len(differences), float(np.mean(differences))
    if pairs < 2:
        return Paired(mean, math.inf, 1.0, pairs)
    error = float(np.std(differences, ddof=1)) / math.sqrt(pairs)
    if error == 0:
        return Paired(mean, 0.0, 0.0 if mean else 1.0, pairs)
    half_width = _quantile(0.95, pairs - 1) * error
    return Paired(mean, half_width, 1 - inside(abs(mean) / error, pairs - 1), pairs)


def points_apart(first: Sequence[float], second: Sequence[float]) -> Paired:
    """Return what accuracies (0 to 1) differ by, first - second, in points; paired."""
    return paired_t_test(*([100 * value for value in values] for values in (first, second)))


def inside(t: float, freedom: int) -> float:
    """
    Return the probability that Student's t of so many degrees of freedom is between -t and t.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, equations 26.7.3 and 26.7.4.
    """
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom - 1, 2):
        term *= cosine ** 2 * (step - 1) / step
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _quantile(probability: float, freedom: int) -> float:
    low, high = 0.0, 1e4
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle, freedom) < probability else (low, middle)
    return (low + high) / 2
