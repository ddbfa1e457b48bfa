# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How far an int8 grid should reach before a LeakyReLU.

What is negative there is worth a tenth behind it, but takes as much of the grid as what is
positive: a grid over all that occurs is too coarse. Clipping rare values and rounding the others
finer is better in the sense of least squares (Sung, Shin, Hwang, Resiliency of Deep Neural
Networks under Quantization, 2015: L2 error minimization).
"""

from __future__ import annotations

import numpy as np

from compressed_detector.detection.types import Floats

LEVELS = 255
# The ends that are tried, as shares of the extremes, and how often for low and high in turn.
SHARES = np.geomspace(1, 0.1, 28)
ROUNDS = 3


def least_error(
    values: Floats, extremes: tuple[float, float], negative_slope: float
) -> tuple[float, float]:
    """
    Return the ends of the grid with the least mean square error behind a LeakyReLU.

    ``values`` (n,) are a sample of what comes before it, ``extremes`` the lowest and the highest
    value that occurs, at most and at least 0.
    """
    exact = _leaky(values, negative_slope)

    def error(ends: tuple[float, float]) -> float:
        rounded = _leaky(round_to_grid(values, *ends), negative_slope)
        return float(np.square(rounded - exact).mean())

    lows, highs = ((extreme * SHARES).tolist() for extreme in extremes)
    low, high = extremes
    for _ in range(ROUNDS):
        low, high = min(((end, high) for end in lows), key=error)
        low, high = min(((low, end) for end in highs), key=error)
    return low, high


def round_to_grid(values: Floats, low: float, high: float) -> Floats:
    """Return values on the grid of 256 from low to high, moved so that 0 is on it."""
    if low == high:
        return np.zeros_like(values)
    scale = np.float32((high - low) / LEVELS)
    zero_point = np.rint(-low / scale)
    stored = np.clip(np.rint(values / scale) + zero_point, 0, LEVELS)
    rounded: Floats = (stored - zero_point) * scale
    return rounded


def _leaky(values: Floats, negative_slope: float) -> Floats:
    result: Floats = np.where(values > 0, values, np.float32(negative_slope) * values)
    return result
