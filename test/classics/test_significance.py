# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The paired t test is that of SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from compressed_detector.classics.significance import inside, paired_t_test


@given(st.floats(0, 50), st.integers(1, 40))
def test_t_is_distributed_as_scipy_has_it(t: float, freedom: int) -> None:
    assert inside(t, freedom) == pytest.approx(1 - 2 * stats.t.sf(t, freedom), abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=2, max_size=9))
def test_the_paired_test_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(side) / 1000 for side in zip(*pairs))
    found = paired_t_test(first, second)
    assert found.mean == pytest.approx(np.mean(first - second))
    assert found.pairs == len(pairs)
    if np.std(first - second) > 1e-9:
        expected = stats.ttest_rel(first, second)
        interval = expected.confidence_interval(0.95)
        assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
        assert found.half_width == pytest.approx((interval.high - interval.low) / 2, rel=1e-6)


def test_equal_pairs_say_that_there_is_no_difference() -> None:
    assert paired_t_test([0.5, 0.7], [0.5, 0.7]).p_value == 1


def test_one_pair_says_nothing() -> None:
    found = paired_t_test([0.5], [0.25])
    assert (found.mean, found.p_value, found.half_width) == (0.25, 1, np.inf)
