# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels rounded for their layer's result change it less than each rounded to the nearest."""

import itertools

import numpy as np
import pytest
from calibration_pictures import pictures
from small_networks import tiny_network

from compressed_detector.compression.fake_quant import round_kernel
from compressed_detector.compression.grid_rounding import round_kernels, round_matrix
from compressed_detector.compression.moments import Sampling, convolution_moments
from compressed_detector.compression.refit import matrix


def layer(seed: int, inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """A kernel (inputs, outputs), and the second moments of correlated inputs."""
    random = np.random.default_rng(seed)
    samples = random.normal(size=(4 * inputs, inputs)) @ random.normal(size=(inputs, inputs))
    return random.normal(size=(inputs, outputs)), samples.T @ samples / len(samples)


def error(change: np.ndarray, metric: np.ndarray) -> float:
    return float(np.trace(change.T @ metric @ change))


def nearest(kernel: np.ndarray, bits: int) -> np.ndarray:
    return np.asarray(round_kernel(kernel[None, None].astype(np.float32), bits))[0, 0]


@pytest.mark.parametrize('seed', range(5))
def test_result_changes_less_than_by_rounding_to_nearest(seed: int) -> None:
    kernel, metric = layer(seed, 24, 8)
    rounded = round_matrix(kernel, metric, 4)
    assert error(rounded - kernel, metric) < 0.7 * error(nearest(kernel, 4) - kernel, metric)


@pytest.mark.parametrize('bits', [4, 8])
def test_result_is_on_the_grid_that_the_converter_gives_it(bits: int) -> None:
    kernel, metric = layer(0, 24, 8)
    rounded = round_matrix(kernel, metric, bits)
    np.testing.assert_allclose(nearest(rounded, bits), rounded, atol=1e-6)
    np.testing.assert_allclose(abs(rounded).max(axis=0), abs(kernel).max(axis=0))


@pytest.mark.parametrize('seed', range(5))
def test_small_layer_is_near_the_best_of_all_roundings(seed: int) -> None:
    kernel, metric = layer(seed, 4, 1)
    limit = abs(kernel).max()
    grid = np.linspace(-limit, limit, 7)
    best = min(error(np.array(choice)[:, None] - kernel, metric)
               for choice in itertools.product(grid, repeat=4))
    rounded = round_matrix(kernel, metric, 3)
    plain = error(nearest(kernel, 3) - kernel, metric)
    assert best <= error(rounded - kernel, metric) * (1 + 1e-6)
    assert error(rounded - kernel, metric) <= plain * (1 + 1e-6)


def test_column_of_zeros_stays_zero() -> None:
    kernel, metric = layer(0, 6, 3)
    kernel[:, 1] = 0
    assert not round_matrix(kernel, metric, 4)[:, 1].any()


def test_network_keeps_the_means_of_its_results() -> None:
    network = tiny_network()
    names = [conv.name for conv in network.convolutions]
    moments = convolution_moments(
        network, network, names, pictures(0, 4), 32, Sampling(64, 0))
    rounded = round_kernels(network, moments, 4)
    for conv in network.convolutions:
        measured = moments[conv.name]
        result = measured.mean_input @ matrix(rounded, conv) + rounded.weights[conv.bias_name]
        np.testing.assert_allclose(result, measured.mean_target, atol=1e-4)
