# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Turns, percentiles and ratios, by a clock that the tests move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.benchmark.timing import Plan, percentiles_ms, ratio, take_turns

PLAN = Plan(turns=4, runs=3, pause_s=0.0)


class Clock:
    """Moves when something runs."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.runs: list[str] = []

    def __call__(self) -> float:
        return self.now_s

    def takes(self, name: str, seconds: Callable[[int], float]) -> Callable[[], None]:
        def run() -> None:
            self.now_s += seconds(self.runs.count(name))
            self.runs.append(name)

        return run


def test_contenders_take_turns_and_the_first_run_of_a_turn_does_not_count() -> None:
    clock = Clock()
    # The runs of a turn are 1 s for the warm-up, then 10 ms.
    slow = clock.takes('slow', lambda number: 1.0 if number % 4 == 0 else 0.01)
    fast = clock.takes('fast', lambda number: 1.0 if number % 4 == 0 else 0.002)
    told: list[tuple[int, int]] = []
    times = take_turns({'slow': slow, 'fast': fast}, PLAN,
                       lambda done, total: told.append((done, total)), clock)
    assert clock.runs == (['slow'] * 4 + ['fast'] * 4) * 5
    np.testing.assert_allclose(times['slow'], np.full((4, 3), 10.0))
    np.testing.assert_allclose(times['fast'], np.full((4, 3), 2.0))
    assert told[-1] == (5, 5)


def test_first_turn_is_forgotten() -> None:
    clock = Clock()
    run = clock.takes('only', lambda number: 5.0 if number < 4 else 0.001)
    np.testing.assert_allclose(take_turns({'only': run}, PLAN, clock_s=clock)['only'], 1.0)


def test_ratio_is_not_moved_by_what_slows_down_both() -> None:
    reference = np.array([[1.0, 1.0], [3.0, 3.0], [9.0, 9.0]])
    found = ratio(2 * reference, reference)
    assert (found.value, found.low, found.high) == (2.0, 2.0, 2.0)


def test_ratio_is_of_turns_and_not_of_all_times() -> None:
    reference, times = np.array([[1.0], [2.0], [3.0]]), np.array([[3.0], [4.0], [3.0]])
    assert ratio(times, reference).value == 2.0


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 5.0))
def test_interval_holds_the_ratio(seed: int, factor: float) -> None:
    random = np.random.default_rng(seed)
    reference = random.gamma(100, 1.0, (40, 5))
    found = ratio(factor * random.gamma(100, 1.0, (40, 5)), reference)
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(factor, rel=0.1)


def test_percentiles_are_of_all_runs() -> None:
    found = percentiles_ms(np.arange(101.0).reshape(1, 101))
    assert found == {'p50_ms': 50.0, 'p90_ms': 90.0, 'p99_ms': 99.0}
