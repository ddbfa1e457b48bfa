# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Optimal Brain Surgeon against brute force on small layers, and against what is simpler."""

from itertools import combinations

import numpy as np
import pytest
from fitting_cases import layer_error

from compressed_detector.compression import masks, surgeon
from compressed_detector.compression.saliency import magnitude


def layer(inputs: int, outputs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A kernel, and a metric of inputs that depend on their neighbours and differ in strength."""
    random = np.random.default_rng(seed)
    distance = np.abs(np.subtract.outer(np.arange(inputs), np.arange(inputs)))
    samples = random.normal(size=(50 * inputs, inputs)) @ (0.6 ** distance)
    samples *= random.uniform(0.5, 2, inputs)
    metric = samples.T @ samples / len(samples) + 0.01 * np.eye(inputs)
    return random.normal(size=(inputs, outputs)), metric


def refitted(kernel: np.ndarray, metric: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """By definition: least squares on the kept inputs of every output, in another way."""
    root = np.linalg.cholesky(metric).T
    result = np.zeros_like(kernel)
    for output, kept in enumerate(mask.T):
        solution = np.linalg.lstsq(root[:, kept], root @ kernel[:, output], rcond=None)[0]
        result[kept, output] = solution
    return result


def error(kernel: np.ndarray, metric: np.ndarray, mask: np.ndarray) -> float:
    return layer_error(refitted(kernel, metric, mask) - kernel, metric)


def choose(kernel: np.ndarray, metric: np.ndarray, count: int, block: int) -> np.ndarray:
    allowed = np.ones(kernel.shape, bool)
    return surgeon.surgery(kernel, surgeon.inverse(metric), allowed, count, block)


def all_masks(inputs: int, removed: int) -> list[np.ndarray]:
    return [~np.isin(np.arange(inputs), gone)[:, None]
            for gone in combinations(range(inputs), removed)]


@pytest.mark.parametrize('seed', range(5))
def test_saliency_is_the_error_after_removing_a_weight_and_fitting_the_others(seed: int) -> None:
    kernel, metric = layer(7, 1, seed)
    scores = surgeon.surgeon_saliency(kernel, surgeon.inverse(metric))[:, 0]
    by_force = [error(kernel, metric, ~np.eye(7, dtype=bool)[:, [index]]) for index in range(7)]
    np.testing.assert_allclose(scores, by_force, rtol=1e-6)


@pytest.mark.parametrize('count', [3, 9, 17, 24])
def test_compensation_is_least_squares_on_what_is_kept(count: int) -> None:
    kernel, metric = layer(9, 3)
    mask = masks.keep_largest(magnitude(kernel), count)
    compensated = surgeon.compensate(kernel, mask, metric, surgeon.inverse(metric))
    np.testing.assert_allclose(compensated, refitted(kernel, metric, mask), rtol=1e-6, atol=1e-9)
    assert not compensated[~mask].any()


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('block', [8, 40])
def test_removing_one_weight_is_optimal(block: int, seed: int) -> None:
    kernel, metric = layer(8, 1, seed)
    best = min(error(kernel, metric, mask) for mask in all_masks(8, 1))
    mask = choose(kernel, metric, 7, block)
    assert error(kernel, metric, mask) == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize('seed', range(5))
def test_greedy_removal_of_several_is_not_far_from_the_optimum(seed: int) -> None:
    kernel, metric = layer(8, 1, seed)
    compensated, mask = surgeon.remove(kernel, metric, np.ones(kernel.shape, bool), 5)
    assert np.count_nonzero(compensated) == np.count_nonzero(mask) == 5
    reached = layer_error(compensated - kernel, metric)
    by_force = sorted(error(kernel, metric, mask) for mask in all_masks(8, 3))
    assert by_force[0] * (1 - 1e-6) <= reached <= by_force[2] * (1 + 1e-6)


@pytest.mark.parametrize('block', [24, 8])
@pytest.mark.parametrize('left', [0.9, 0.5])
def test_surgeon_beats_magnitude_with_the_rest_fitted_by_least_squares(
    left: float, block: int
) -> None:
    kernel, metric = layer(24, 6)
    count = round(left * kernel.size)
    mask = choose(kernel, metric, count, block)
    by_size = masks.keep_largest(magnitude(kernel), count)
    assert np.count_nonzero(mask) == count
    assert error(kernel, metric, mask) < 0.9 * error(kernel, metric, by_size)


def test_channels_share_the_removals_by_what_they_cost() -> None:
    kernel, metric = layer(8, 2)
    kernel[:, 1] *= 1000
    mask = choose(kernel, metric, 10, block=8)
    assert np.count_nonzero(mask[:, 1]) == 8
    assert np.count_nonzero(mask[:, 0]) == 2


@pytest.mark.parametrize('block', [12, 5])
def test_what_was_removed_before_stays_removed(block: int) -> None:
    kernel, metric = layer(12, 4)
    allowed = np.random.default_rng(1).uniform(size=kernel.shape) < 0.7
    mask = surgeon.surgery(kernel, surgeon.inverse(metric), allowed, 20, block)
    assert np.count_nonzero(mask) == 20
    assert not (mask & ~allowed).any()


@pytest.mark.parametrize('inputs', [8, 40])
def test_every_group_of_inputs_keeps_what_was_asked_for(inputs: int) -> None:
    kernel, metric = layer(inputs, 5)
    allowed = np.ones(kernel.shape, bool)
    compensated, mask = surgeon.remove_n_of_m(kernel, metric, allowed, kept=2, group=4)
    assert np.all(mask.reshape(-1, 4, 5).sum(axis=1) == 2)
    by_size = masks.keep_n_of_m(magnitude(kernel)[None, None], 2, 4)[0, 0]
    reached = layer_error(compensated - kernel, metric)
    assert reached == pytest.approx(error(kernel, metric, mask), rel=1e-6)
    assert reached < error(kernel, metric, by_size)


def test_groups_do_not_bring_back_what_was_removed_before() -> None:
    kernel, metric = layer(8, 5)
    allowed = np.random.default_rng(2).uniform(size=kernel.shape) < 0.4
    compensated, mask = surgeon.remove_n_of_m(kernel, metric, allowed, kept=2, group=4)
    assert not (mask & ~allowed).any()
    assert not compensated[~allowed].any()
    np.testing.assert_array_equal(
        mask.reshape(2, 4, 5).sum(axis=1), np.minimum(allowed.reshape(2, 4, 5).sum(axis=1), 2))
