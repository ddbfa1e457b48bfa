# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Settling input by input: exact about the errors it makes, and better than rounding."""

import numpy as np
import pytest
from fitting_cases import layer_error

from compressed_detector.compression.surgeon import inverse
from compressed_detector.compression.sweep import factor, sweep


def layer(inputs: int = 20, outputs: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    samples = random.normal(size=(200, inputs)) @ random.normal(1, 1, (inputs, inputs))
    return random.normal(size=(inputs, outputs)), samples.T @ samples / 200


def rounding(rows: slice, values: np.ndarray) -> object:
    return lambda row, value: np.round(value * 2) / 2


@pytest.mark.parametrize('block', [1, 3, 20, 64])
def test_size_of_the_blocks_changes_nothing(block: int) -> None:
    kernel, metric = layer()
    upper = factor(inverse(metric))
    np.testing.assert_allclose(
        sweep(kernel, upper, rounding, block), sweep(kernel, upper, rounding, 7), atol=1e-9)


def test_error_of_the_layer_is_the_sum_of_the_errors_made_on_the_way() -> None:
    kernel, metric = layer()
    upper = factor(inverse(metric))
    costs = []

    def begin(rows: slice, values: np.ndarray) -> object:
        def settle(row: int, value: np.ndarray) -> np.ndarray:
            rounded = np.round(value * 2) / 2
            costs.append(np.sum((value - rounded) ** 2) / (2 * upper[row, row] ** 2))
            return rounded
        return settle

    settled = sweep(kernel, upper, begin)
    np.testing.assert_array_equal(settled * 2, np.round(settled * 2))
    assert layer_error(settled - kernel, metric) == pytest.approx(sum(costs), rel=1e-8)


def test_rounding_with_compensation_beats_rounding_each_on_its_own() -> None:
    kernel, metric = layer()
    settled = sweep(kernel, factor(inverse(metric)), rounding)
    nearest = np.round(kernel * 2) / 2
    assert layer_error(settled - kernel, metric) < layer_error(nearest - kernel, metric) / 2
