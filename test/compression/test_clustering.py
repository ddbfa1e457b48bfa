# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""K-means in one dimension: against its definition, and brute force on tiny inputs."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.clustering import STARTS, k_means, nearest, start_codebook
from compressed_detector.errors import CompressionError


def distortion(values: np.ndarray, book: np.ndarray, importance: np.ndarray) -> float:
    return float(np.sum(importance * np.min((values[:, None] - book) ** 2, axis=1)))


def best_codebook(values: np.ndarray, entries: int, importance: np.ndarray) -> np.ndarray:
    """By brute force: of all ways to cut the sorted values into ranges the best."""
    order = np.argsort(values)
    ordered, weights = values[order], importance[order]
    books = [
        np.array([np.average(part, weights=weight) for part, weight in
                  zip(np.split(ordered, places), np.split(weights, places))])
        for places in combinations(range(1, len(values)), entries - 1)
    ]
    return min(books, key=lambda book: distortion(values, book, importance))


@given(st.integers(2, 8), st.sampled_from(STARTS), st.booleans(), st.integers(0, 2**32 - 1))
def test_each_entry_is_the_mean_of_what_is_nearest_to_it(
    entries: int, start: str, weighted: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    values = random.standard_t(3, 200)
    importance = random.uniform(0.1, 5, 200) if weighted else np.ones(200)
    first = start_codebook(values, entries, start)
    book = k_means(values, first, importance if weighted else None)
    assert 1 <= len(book) <= entries
    owners = np.abs(values[:, None] - book).argmin(axis=1)
    means = [np.average(values[owners == index], weights=importance[owners == index])
             for index in range(len(book))]
    np.testing.assert_allclose(book, means, rtol=1e-9, atol=1e-12)
    assert distortion(values, book, importance) <= distortion(values, first, importance) + 1e-9


@pytest.mark.parametrize('seed', range(10))
def test_optimum_is_where_it_stays(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, importance = random.normal(size=10), random.uniform(0.1, 5, 10)
    best = best_codebook(values, 3, importance)
    np.testing.assert_allclose(k_means(values, best, importance), best)


@pytest.mark.parametrize('start', STARTS)
def test_clear_clusters_are_found_from_any_start(start: str) -> None:
    values = np.array([-5.1, -5, -4.9, 0.1, 0.2, 0.3, 8, 8.1, 8.3])
    book = k_means(values, start_codebook(values, 3, start, seed=1))
    np.testing.assert_allclose(book, best_codebook(values, 3, np.ones(9)))


def test_importance_draws_entries_to_what_matters() -> None:
    values = np.array([0.0, 1.0, 10.0, 11.0])
    importance = np.array([3.0, 1, 1, 1])
    np.testing.assert_allclose(k_means(values, np.array([0.0, 10]), importance), [0.25, 10.5])


def test_entries_that_nothing_uses_are_left_out() -> None:
    values = np.array([0.0, 0.1, 10.0, 10.1])
    np.testing.assert_allclose(k_means(values, start_codebook(values, 8, 'linear')), [0.05, 10.05])


def test_starts_are_where_the_paper_puts_them() -> None:
    values = np.array([0.0, 1, 2, 3, 100])
    np.testing.assert_array_equal(start_codebook(values, 5, 'linear'), [0, 25, 50, 75, 100])
    np.testing.assert_allclose(start_codebook(values, 2, 'density'), [1, 3])
    chosen = start_codebook(values, 3, 'forgy', seed=3)
    assert set(chosen) <= set(values)
    assert np.all(np.diff(chosen) > 0)
    with pytest.raises(CompressionError, match='among linear, density, forgy, got .random'):
        start_codebook(values, 3, 'random')


def test_nearest_entry_is_the_nearest() -> None:
    values, book = np.linspace(-2, 2, 101), np.array([-1.5, 0, 0.3])
    expected = np.abs(values[:, None] - book).argmin(axis=1)
    np.testing.assert_array_equal(nearest(values, book), expected)
