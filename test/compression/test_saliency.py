# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Saliencies are what removing a weight costs, found by removing it."""

import numpy as np
import pytest

from compressed_detector.compression import saliency
from compressed_detector.errors import CompressionError

RANDOM = np.random.default_rng(0)
KERNEL = RANDOM.normal(size=(3, 3, 2, 4)).astype(np.float32)
PATCHES = np.concatenate([RANDOM.normal(0.3, 2, (50, 18)), np.ones((50, 1))], axis=1)
GRAM = PATCHES.T @ PATCHES


def output_error(kernel: np.ndarray) -> float:
    """Half the squared error, summed over channels, averaged over patches."""
    change = (kernel - KERNEL).reshape(18, 4)
    return float(np.sum((PATCHES[:, :-1] @ change) ** 2) / 2 / len(PATCHES))


def test_magnitude_ranks_by_size_whatever_the_sign() -> None:
    scores = saliency.magnitude(np.array([0.5, -2, 1], np.float32))
    np.testing.assert_array_equal(np.argsort(scores), [0, 2, 1])


@pytest.mark.parametrize('place', [(0, 0, 0, 0), (2, 1, 1, 3), (1, 2, 0, 2)])
def test_damage_is_the_error_of_the_outputs_when_one_weight_is_removed(
    place: tuple[int, ...]
) -> None:
    diagonal = saliency.gram_diagonal(GRAM, KERNEL.shape)
    removed = KERNEL.copy()
    removed[place] = 0
    scores = saliency.optimal_brain_damage(KERNEL, diagonal)
    assert scores[place] == pytest.approx(output_error(removed), rel=1e-5)


def test_gram_of_means_and_of_sums_say_the_same() -> None:
    np.testing.assert_allclose(
        saliency.gram_diagonal(GRAM, KERNEL.shape), saliency.gram_diagonal(GRAM / 50, KERNEL.shape)
    )


def test_damage_takes_any_diagonal_of_the_whole_loss() -> None:
    fisher = RANDOM.uniform(size=KERNEL.shape)
    scores = saliency.optimal_brain_damage(KERNEL, fisher)
    np.testing.assert_allclose(scores, fisher * KERNEL.astype(float) ** 2 / 2)


def test_gram_of_another_kernel_is_refused() -> None:
    with pytest.raises(CompressionError, match=r'expected a Gram matrix of shape \(28, 28\)'):
        saliency.gram_diagonal(GRAM, (3, 3, 3, 4))


@pytest.mark.parametrize(('diagonal', 'message'), [
    (np.ones((3, 3, 3, 1)), r'expected second derivatives that broadcast to \(3, 3, 2, 4\)'),
    (np.full((1,), -1.0), 'at least 0, got negative'),
    (np.full((1,), np.nan), 'at least 0'),
])
def test_diagonal_that_cannot_be_one_is_refused(diagonal: np.ndarray, message: str) -> None:
    with pytest.raises(CompressionError, match=message):
        saliency.optimal_brain_damage(KERNEL, diagonal)


def test_relative_saliency_does_not_change_with_the_scale_of_the_layer() -> None:
    scores = [
        saliency.relative(squares, float(squares.sum()))
        for squares in (saliency.magnitude(KERNEL), saliency.magnitude(KERNEL * 100))
    ]
    np.testing.assert_allclose(*scores, rtol=1e-5)
    assert not saliency.relative(np.zeros(3), 0.0).any()


def test_the_gram_of_a_dense_layer_has_a_second_derivative_per_input() -> None:
    inputs = np.hstack([RANDOM.normal(size=(40, 5)), np.ones((40, 1))])
    diagonal = saliency.gram_diagonal(inputs.T @ inputs, (5, 3))
    np.testing.assert_allclose(diagonal, np.mean(inputs[:, :5] ** 2, axis=0)[:, None])
