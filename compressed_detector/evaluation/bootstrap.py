# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How far a figure can be trusted: by drawing again from what it was measured on.

Efron and Tibshirani, An Introduction to the Bootstrap, 1993: the percentile interval (chapter
13), and the paired comparison, in which both sides are measured on the same draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.quantiles import quantile

CONFIDENCE = 0.95
PARTS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
# Figures by name, of what is drawn (U,): indices of the units, some of them several times.
Statistic = Callable[[Indices], Mapping[str, float]]


@dataclass(frozen=True)
class Estimate:
    """A figure and the ends of its 95 % interval; NaN where they are not known."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Estimate):
    """
    By how much the second is more than the first, and the 95 % interval of that.

    ``p_value``: how likely so great a difference, either way, would be if there were none: twice
    the smaller part of the draws that lie on one side of zero, at least 2 / (samples + 1).
    """

    p_value: float


@dataclass(frozen=True)
class Drawn:
    """Figures of everything, and of each draw; two of the same units and seed are paired."""

    whole: Mapping[str, float]
    draws: Sequence[Mapping[str, float]]


def draw(
    statistic: Statistic, units: int, samples: int, seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Drawn:
    """
    Return figures of all units, and of as many drawn from them with return, again and again.

    Units are what is independent of each other, such as pictures or bags; with fewer than two
    there is nothing to draw.
    """
    generator = np.random.default_rng(seed)
    draws = []
    for done in range(samples if units > 1 else 0):
        draws.append(statistic(generator.integers(0, units, units)))
        progress(done + 1, samples)
    return Drawn(statistic(np.arange(units)), draws)


def intervals(drawn: Drawn) -> dict[str, Estimate]:
    """Return every figure with its interval."""
    return {name: Estimate(value, *_ends([figures[name] for figures in drawn.draws]))
            for name, value in drawn.whole.items()}


def differences(first: Drawn, second: Drawn) -> dict[str, Difference]:
    """Return by how much the second's figures are more than the first's; both are paired."""
    found = {}
    for name in (name for name in first.whole if name in second.whole):
        changes = [_less(new[name], old[name]) for old, new in zip(first.draws, second.draws)]
        value = _less(second.whole[name], first.whole[name])
        found[name] = Difference(value, *_ends(changes), _p_value(changes))
    return found


def _less(value: float, other: float) -> float:
    """Return the difference; none where both are the same infinity."""
    return 0.0 if value == other else value - other


def _ends(values: list[float]) -> tuple[float, float]:
    low, high = (quantile(values, part) for part in PARTS)
    return low, high


def _p_value(changes: list[float]) -> float:
    known = np.array([change for change in changes if not np.isnan(change)])
    if not len(known):
        return float('nan')
    side = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (side + 1) / (len(known) + 1))
