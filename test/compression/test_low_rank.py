# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Factors are the best of their rank: against SVD, brute force, and what they stand for."""

import numpy as np
import pytest
from small_networks import tiny_network

from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.low_rank import (
    FLOOR,
    Spectrum,
    candidates,
    factor,
    factors,
    rank_limit,
    spectrum,
)
from compressed_detector.compression.moments import Moments, Sampling, convolution_moments
from compressed_detector.compression.network import Network
from compressed_detector.compression.refit import Fit, ridge
from compressed_detector.errors import CompressionError

RANDOM = np.random.RandomState(0)
INPUTS = RANDOM.normal(1, 1, (80, 6)) @ RANDOM.normal(size=(6, 6))
TARGETS = INPUTS @ RANDOM.normal(size=(6, 4)) + RANDOM.normal(0, 1, (80, 4))
SIZE = 32
EVEN = np.eye(4)


def moments_of(inputs: np.ndarray, targets: np.ndarray) -> Moments:
    x = np.hstack([inputs, np.ones((len(inputs), 1))])
    return Moments(x.T @ x, x.T @ targets, targets.T @ targets, len(inputs))


def product(parts: Spectrum, rank: int) -> np.ndarray:
    pair = factors(parts, rank)
    assert pair.reduce.shape[1] == len(pair.expand) == rank
    return pair.reduce @ pair.expand


@pytest.mark.parametrize('rank', [1, 2, 3])
def test_white_inputs_give_the_singular_value_decomposition(rank: int) -> None:
    kernel = RANDOM.normal(size=(6, 4))
    parts = spectrum(Fit(kernel, np.zeros(4), np.eye(6)), EVEN)
    left, values, right = np.linalg.svd(kernel, full_matrices=False)
    expected = left[:, :rank] * values[:rank] @ right[:rank]
    np.testing.assert_allclose(product(parts, rank), expected, atol=1e-9)
    np.testing.assert_allclose(parts.lost(rank), (values[rank:] ** 2).sum(), rtol=2 * FLOOR)


def alternating_least_squares(
    rank: int, penalty: float, prior: np.ndarray, curvature: np.ndarray
) -> float:
    """Best of several descents: one factor after the other is solved for exactly."""
    x, y = INPUTS - INPUTS.mean(axis=0), TARGETS - TARGETS.mean(axis=0)
    x, y = np.vstack([x, np.sqrt(penalty) * np.eye(6)]), np.vstack([y, np.sqrt(penalty) * prior])
    y = y @ np.linalg.cholesky(curvature)
    best = np.inf
    for seed in range(3):
        reduce = np.random.RandomState(seed).normal(size=(6, rank))
        for _ in range(500):
            expand = np.linalg.lstsq(x @ reduce, y)[0]
            reduce = np.linalg.lstsq(x, y)[0] @ np.linalg.pinv(expand)
        best = min(best, ((x @ reduce @ expand - y) ** 2).sum())
    return best


@pytest.mark.parametrize('rank', [1, 2, 3])
@pytest.mark.parametrize('strength', [1e-9, 0.3])
@pytest.mark.parametrize('curvature', [np.eye(4), np.diag([9.0, 1, 1, 0.2]) + 0.1])
def test_no_other_factors_of_the_rank_fit_better(
    rank: int, strength: float, curvature: np.ndarray
) -> None:
    prior = np.ones((6, 4))
    fit = ridge(moments_of(INPUTS, TARGETS), strength, prior)
    kernel = product(spectrum(fit, curvature), rank)
    penalty = strength * INPUTS.var(axis=0).mean() * len(INPUTS)
    root = np.linalg.cholesky(curvature)
    error = (INPUTS - INPUTS.mean(axis=0)) @ kernel - (TARGETS - TARGETS.mean(axis=0))
    got = ((error @ root) ** 2).sum() + penalty * (((kernel - prior) @ root) ** 2).sum()
    best = alternating_least_squares(rank, penalty, prior, curvature)
    # The floor under the curvature takes a little of the optimum.
    assert best * (1 - 1e-9) <= got <= best * (1 + FLOOR)


def test_lost_energy_is_what_the_fit_gets_worse_by() -> None:
    fit = ridge(moments_of(INPUTS, TARGETS), 1e-12, np.zeros((6, 4)))
    parts = spectrum(fit, EVEN)
    centred, wanted = INPUTS - INPUTS.mean(axis=0), TARGETS - TARGETS.mean(axis=0)

    def error(kernel: np.ndarray) -> float:
        return ((centred @ kernel - wanted) ** 2).sum() / len(INPUTS)

    np.testing.assert_allclose(error(product(parts, 2)) - error(fit.kernel), parts.lost(2),
                               rtol=2 * FLOOR)


def test_directions_that_the_outputs_do_not_see_are_given_up_first() -> None:
    fit = Fit(np.eye(4), np.zeros(4), np.eye(4))
    seen = np.diag([0.0, 1.0, 0.0, 1.0])
    np.testing.assert_allclose(product(spectrum(fit, seen), 2), seen, atol=1e-9)
    assert spectrum(fit, seen).lost(2) < 3 * FLOOR


def test_factors_share_what_a_channel_carries() -> None:
    fit = ridge(moments_of(INPUTS, TARGETS), 1e-12, np.zeros((6, 4)))
    pair = factors(spectrum(fit, EVEN), 4)
    carried = np.sqrt(np.diag(pair.reduce.T @ fit.metric @ pair.reduce))
    np.testing.assert_allclose(carried, np.linalg.norm(pair.expand, axis=1),
                               rtol=FLOOR)


def test_kernel_of_zeros_has_factors_of_zeros() -> None:
    parts = spectrum(Fit(np.zeros((6, 4)), np.zeros(4), np.eye(6)), EVEN)
    np.testing.assert_array_equal(product(parts, 2), 0)
    deficient = spectrum(Fit(np.ones((6, 4)), np.zeros(4), np.eye(6)), EVEN)
    np.testing.assert_allclose(product(deficient, 3), 1)


def measured(network: Network) -> dict[str, Moments]:
    pictures = [RANDOM.uniform(0, 255, (1, SIZE, SIZE, 3)).astype(np.float32) for _ in range(4)]
    names = [conv.name for conv in network.convolutions]
    return convolution_moments(network, network, names, pictures, SIZE, Sampling(10**6, 0))


@pytest.mark.parametrize('name', ['a', 'c', 'd'])
def test_full_rank_leaves_the_network_as_it_was(name: str) -> None:
    network = tiny_network()
    rank = network.weights[f'{name}_weight'].shape[3]
    factored = factor(network, name, measured(network)[name], np.eye(rank), rank, 1e-9)
    assert factored.weights[f'{name}_reduce_weight'].shape[3] == rank
    assert factored.outputs == network.outputs
    image = RANDOM.uniform(0, 255, (1, SIZE, SIZE, 3)).astype(np.float32)
    before, after = (build_model(net, SIZE)(image) for net in (network, factored))
    for role, expected in before.items():
        np.testing.assert_allclose(after[role], expected, atol=1e-3)


def test_factored_convolution_keeps_its_name_stride_and_activation() -> None:
    network = tiny_network()
    factored = factor(network, 'c', measured(network)['c'], np.eye(8), 2, 1e-9)
    reduce, expand = (layer for layer in factored.convolutions if layer.name.startswith('c'))
    assert (reduce.name, reduce.inputs, reduce.stride) == ('c_reduce', ('both',), 2)
    assert reduce.negative_slope is None
    assert (expand.name, expand.inputs, expand.stride) == ('c', ('c_reduce',), 1)
    assert expand.negative_slope == 0.1
    assert factored.weights['c_reduce_weight'].shape == (3, 3, 16, 2)
    assert factored.weights['c_weight'].shape == (1, 1, 2, 8)
    assert factored.shapes(SIZE)['c'] == network.shapes(SIZE)['c']
    assert factored.weights['c_weight'].dtype == factored.weights['c_reduce_bias'].dtype == 'f4'


def test_pair_is_not_factored_again() -> None:
    network = tiny_network()
    moments = measured(network)
    factored = factor(network, 'c', moments['c'], np.eye(8), 2, 1e-9)
    assert [conv.name for conv in candidates(factored)] == ['a', 'b', 'd']
    for name in ('c', 'c_reduce', 'pool'):
        with pytest.raises(CompressionError, match=r"one of \['a', 'b', 'd'\], got"):
            factor(factored, name, moments['c'], np.eye(8), 2, 1e-9)


def test_rank_limit_is_the_first_rank_that_does_not_pay() -> None:
    network = tiny_network()
    for conv in network.convolutions:
        patch, channels = np.reshape(
            network.weights[conv.weight_name], (-1, network.weights[conv.bias_name].size)
        ).shape
        limit = rank_limit(network, conv)
        assert limit * (patch + channels) >= patch * channels > (limit - 1) * (patch + channels)
