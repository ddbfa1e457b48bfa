# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Intervals cover what they should, and a difference that is none is called none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from recordings import recording

from compressed_detector.evaluation.bootstrap import (
    Difference,
    Statistic,
    differences,
    draw,
    intervals,
)
from compressed_detector.evaluation.quantiles import quantile
from compressed_detector.evaluation.units import units_of


def mean_of(values: np.ndarray) -> Statistic:
    return lambda chosen: {'mean': float(values[chosen].mean())}


def difference(first: np.ndarray, second: np.ndarray, samples: int) -> Difference:
    drawn = [draw(mean_of(values), len(values), samples, seed=0) for values in (first, second)]
    return differences(*drawn)['mean']


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(3).normal(10, 2, 400)
    found = intervals(draw(mean_of(values), len(values), 2000, seed=1))['mean']
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert found.value == values.mean()
    assert (found.low, found.high) == pytest.approx(
        (found.value - half, found.value + half), abs=0.1 * half)


def test_the_same_seed_draws_the_same() -> None:
    values = np.arange(30.0)
    first, again, other = (
        intervals(draw(mean_of(values), 30, 50, seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_single_unit_has_no_interval() -> None:
    found = intervals(draw(mean_of(np.ones(1)), 1, 100, seed=0))['mean']
    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_paired_draws_see_a_small_difference_between_very_different_units() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(0, 100, 50)
    found = difference(values, values + generator.normal(1, 0.5, 50), samples=500)
    assert 0.7 < found.low < found.value < found.high < 1.3
    assert found.p_value == pytest.approx(2 / 501)


def test_no_difference_is_not_significant() -> None:
    values = np.random.default_rng(0).normal(0, 1, 50)
    same = difference(values, values, samples=100)
    assert (same.value, same.low, same.high, same.p_value) == (0, 0, 0, 1)
    assert difference(values, values[::-1], samples=500).p_value > 0.5


def test_draws_in_which_a_figure_is_not_known_are_left_out_and_infinity_counts() -> None:
    def statistic(chosen: np.ndarray) -> dict[str, float]:
        return {'a': math.nan if 0 in chosen else 1.0, 'b': math.inf}

    drawn = draw(statistic, 2, 50, seed=0)
    found = intervals(drawn)
    assert (found['a'].low, found['a'].high, found['b'].high) == (1, 1, math.inf)
    assert math.isnan(found['a'].value)
    assert differences(drawn, drawn)['b'].value == 0


@pytest.mark.parametrize(('part', 'expected'), [
    (0, 1), (0.2, 1), (0.21, 2), (0.5, 3), (0.9, 5), (1, 5)])
def test_quantile_is_a_value_that_was_measured(part: float, expected: float) -> None:
    assert quantile([5, 3, math.nan, 1, 2, 4], part) == expected


def test_quantile_of_ten_is_the_ninth_at_ninety_percent_and_nothing_has_none() -> None:
    assert quantile(np.arange(1, 11), 0.9) == 9
    assert quantile(np.arange(1, 101), 0.07) == 7  # 0.07 * 100 is a bit more than 7
    assert quantile([1, math.inf, math.inf], 0.5) == math.inf
    assert math.isnan(quantile([math.nan], 0.5))


def test_units_are_recordings_where_there_are_several() -> None:
    films = [recording([[]] * 3, [[]] * 3, source=name, camera=camera)
             for name, camera in (('a', '/left'), ('b', '/left'), ('a', '/right'))]
    units = units_of(films)
    assert (units.count, units.words) == (2, '2 recordings')
    assert [item.tolist() for item in units.of_frames] == [[0] * 3, [1] * 3, [0] * 3]


def test_units_are_blocks_of_a_single_film_in_which_its_cameras_are_together() -> None:
    films = [recording([[]] * 80, [[]] * 80, camera=camera) for camera in ('/left', '/right')]
    units = units_of(films)
    assert units.count == 20
    assert units.words.startswith('20 blocks of 0.4 s of one recording')
    assert np.bincount(units.of_frames[0]).tolist() == [4] * 20
    np.testing.assert_array_equal(*units.of_frames)


def test_units_are_the_pictures_of_a_folder() -> None:
    units = units_of([recording([[]] * 3, [[]] * 3, sequential=False)])
    assert (units.count, units.of_frames[0].tolist()) == (3, [0, 1, 2])
