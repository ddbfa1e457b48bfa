# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How long things take against each other: they take turns, so that all of them see the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.float64]
# Threads of a runtime that has just computed wait for more by spinning, for up to 20 ms.
PAUSE_S = 0.03
SAMPLES = 1000


@dataclass(frozen=True)
class Plan:
    """So many turns of each; in a turn it runs once to warm up and then ``runs`` times."""

    turns: int
    runs: int
    pause_s: float = PAUSE_S


@dataclass(frozen=True)
class Ratio:
    """How many times longer something takes than another, with an interval of 95 %."""

    value: float
    low: float
    high: float


def take_turns(
    contenders: Mapping[str, Callable[[], object]], plan: Plan,
    progress: Callable[[int, int], None] = lambda done, total: None,
    clock_s: Callable[[], float] = time.perf_counter,
) -> dict[str, Times]:
    """
    Return how long each run of each contender took, ms, float64 (turns, runs).

    One turn more than planned is run at first, and forgotten.
    """
    times: dict[str, Times] = {
        name: np.empty((plan.turns + 1, plan.runs)) for name in contenders}
    for turn in range(plan.turns + 1):
        for name, run in contenders.items():
            time.sleep(plan.pause_s)
            run()
            for number in range(plan.runs):
                start_s = clock_s()
                run()
                times[name][turn, number] = (clock_s() - start_s) * 1e3
        progress(turn + 1, plan.turns + 1)
    return {name: values[1:] for name, values in times.items()}


def percentiles_ms(times_ms: Times) -> dict[str, float]:
    """Return p50, p90 and p99 of times."""
    p50, p90, p99 = np.percentile(times_ms, [50, 90, 99])
    return {'p50_ms': float(p50), 'p90_ms': float(p90), 'p99_ms': float(p99)}


def ratio(times_ms: Times, reference_ms: Times, seed: int = 0) -> Ratio:
    """
    Return the median over turns of the ratio of two medians, and how well it is known.

    What slows down a turn of both cancels. The interval is of a bootstrap over turns.
    """
    ratios = np.median(times_ms, axis=1) / np.median(reference_ms, axis=1)
    drawn = np.random.default_rng(seed).choice(ratios, (SAMPLES, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return Ratio(float(np.median(ratios)), float(low), float(high))
