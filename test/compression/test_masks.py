# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Masks keep what matters most, in the numbers that were asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from compressed_detector.compression import masks
from compressed_detector.errors import CompressionError

SCORES = arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, 0.5, 1.0, 3.0]))


@given(SCORES, st.data())
def test_nothing_removed_matters_more_than_anything_kept(
    scores: np.ndarray, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, scores.size))
    mask = masks.keep_largest(scores, count)
    assert np.count_nonzero(mask) == count
    assert scores[mask].min() >= scores[~mask].max(initial=-1)


def test_removed_weights_do_not_come_back_even_for_nothing() -> None:
    scores, before = np.array([9.0, 0.0, 5.0, 0.0]), np.array([False, True, True, True])
    np.testing.assert_array_equal(
        masks.keep_largest(scores, 2, before), [False, True, True, False])
    np.testing.assert_array_equal(masks.keep_largest(scores, 4, before), before)


def test_same_density_everywhere_or_one_threshold_for_all() -> None:
    scores = {'weak': np.array([1.0, 2, 3, 4]), 'strong': np.array([5.0, 6, 7, 8, 0.5, 0.6])}
    sizes = {name: array.size for name, array in scores.items()}
    assert masks.counts_per_layer(sizes, 0.5) == {'weak': 2, 'strong': 3}
    assert masks.counts_overall(scores, 0.5) == {'weak': 1, 'strong': 4}
    assert masks.counts_overall({}, 0.5) == {}


def test_at_least_one_weight_of_a_layer_is_left() -> None:
    assert masks.counts_per_layer({'small': 4}, 0.01) == {'small': 1}


def test_schedule_is_cubic_and_ends_at_the_final_density() -> None:
    # Sparsity 0.8 (1 - (1 - t / 4)^3): 0.4625, 0.7, 0.7875, 0.8.
    np.testing.assert_allclose(masks.densities(4, 0.2), [0.5375, 0.3, 0.2125, 0.2])
    assert masks.densities(1, 0.3) == pytest.approx((0.3,))


@pytest.mark.parametrize(('steps', 'final'), [(0, 0.5), (3, 0.0), (3, 1.1), (3, -0.5)])
def test_schedule_that_is_none_is_refused(steps: int, final: float) -> None:
    with pytest.raises(CompressionError, match='expected'):
        masks.densities(steps, final)


@given(st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_every_group_of_input_channels_keeps_its_best(kept: int, seed: int) -> None:
    scores = np.random.default_rng(seed).uniform(size=(3, 1, 8, 2))
    mask = masks.keep_n_of_m(scores, kept, 4)
    for row, output, start in np.ndindex(3, 2, 2):
        group = slice(4 * start, 4 * start + 4)
        best = np.sort(scores[row, 0, group, output])[-kept:]
        found = scores[row, 0, group, output][mask[row, 0, group, output]]
        np.testing.assert_array_equal(np.sort(found), best)


@pytest.mark.parametrize(('kept', 'group'), [(2, 3), (0, 4), (5, 4)])
def test_groups_that_do_not_come_out_are_refused(kept: int, group: int) -> None:
    with pytest.raises(CompressionError, match=f'in groups of {group}'):
        masks.keep_n_of_m(np.ones((1, 1, 8, 1)), kept, group)
