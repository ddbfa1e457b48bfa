# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ridge regression from moments is the least-squares problem that it claims to solve."""

import numpy as np
import pytest
from small_networks import tiny_network

from compressed_detector.compression.moments import Moments, Sampling, convolution_moments
from compressed_detector.compression.refit import best_bias, refit, ridge

RANDOM = np.random.RandomState(0)
MIXING = RANDOM.normal(size=(5, 5))
INPUTS = RANDOM.normal(2, 1, (60, 5)) @ MIXING
TARGETS = INPUTS @ RANDOM.normal(size=(5, 3)) + RANDOM.normal(1, 0.5, (60, 3))
PRIOR = RANDOM.normal(size=(5, 3))


def moments_of(inputs: np.ndarray, targets: np.ndarray) -> Moments:
    x = np.hstack([inputs, np.ones((len(inputs), 1))])
    return Moments(x.T @ x, x.T @ targets, targets.T @ targets, len(inputs))


@pytest.mark.parametrize('strength', [1e-6, 1e-2, 1.0, 100.0])
def test_fit_is_brute_force_least_squares_with_penalty_rows(strength: float) -> None:
    """The penalty as further rows: sqrt(strength) (W - prior) = 0, without the bias."""
    fit = ridge(moments_of(INPUTS, TARGETS), strength, PRIOR)
    penalty = np.sqrt(strength * INPUTS.var(axis=0).mean() * len(INPUTS))
    x = np.vstack([
        np.hstack([INPUTS, np.ones((60, 1))]), np.hstack([penalty * np.eye(5), np.zeros((5, 1))])
    ])
    expected = np.linalg.lstsq(x, np.vstack([TARGETS, penalty * PRIOR]))[0]
    np.testing.assert_allclose(fit.kernel, expected[:-1], atol=1e-8)
    np.testing.assert_allclose(fit.bias, expected[-1], atol=1e-7)


def test_metric_says_how_much_worse_another_kernel_is() -> None:
    moments = moments_of(INPUTS, TARGETS)
    fit = ridge(moments, 0.1, PRIOR)
    scale = INPUTS.var(axis=0).mean()

    def objective(kernel: np.ndarray) -> float:
        error = INPUTS @ kernel + best_bias(kernel, moments) - TARGETS
        return (error ** 2).sum() / 60 + 0.1 * scale * ((kernel - PRIOR) ** 2).sum()

    other = fit.kernel + RANDOM.normal(size=(5, 3))
    worse = np.trace((other - fit.kernel).T @ fit.metric @ (other - fit.kernel))
    np.testing.assert_allclose(objective(other) - objective(fit.kernel), worse)


def test_what_no_sample_determines_stays_as_it_was() -> None:
    inputs = INPUTS.copy()
    inputs[:, 2] = 7.0
    fit = ridge(moments_of(inputs, TARGETS), 1e-6, PRIOR)
    np.testing.assert_allclose(fit.kernel[2], PRIOR[2])
    constant = ridge(moments_of(np.full((60, 5), 3.0), TARGETS), 1e-6, PRIOR)
    np.testing.assert_allclose(constant.kernel, PRIOR, atol=1e-6)
    np.testing.assert_allclose(3 * PRIOR.sum(axis=0) + constant.bias, TARGETS.mean(axis=0),
                               atol=1e-5)


def test_convolution_of_a_network_is_brought_back_to_its_reference() -> None:
    """With as many samples as it takes, a kernel that was disturbed is found again."""
    reference = tiny_network()
    disturbed = {
        name: reference.weights[name] + np.float32(0.3) for name in ('b_weight', 'b_bias')
    }
    student = type(reference)(
        reference.layers, reference.outputs, {**reference.weights, **disturbed}
    )
    pictures = [
        RANDOM.uniform(0, 255, (1, 64, 64, 3)).astype(np.float32) for _ in range(4)
    ]
    moments = convolution_moments(
        student, reference, ['b'], pictures, 64, Sampling(256, 0)
    )['b']
    mended = refit(student, 'b', moments, 1e-9)
    np.testing.assert_allclose(mended.weights['b_weight'], reference.weights['b_weight'],
                               atol=1e-3)
    np.testing.assert_allclose(mended.weights['b_bias'], reference.weights['b_bias'], atol=1e-2)
    assert mended.weights['b_weight'].dtype == np.float32
    np.testing.assert_array_equal(mended.weights['c_weight'], reference.weights['c_weight'])
