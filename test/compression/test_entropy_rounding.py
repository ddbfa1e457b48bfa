# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Rounding by error and bits together, against its definition and against plain rounding."""

import numpy as np
import pytest
from fitting_cases import layer_error

from compressed_detector.compression.entropy_rounding import (
    REACH,
    Task,
    code_bits,
    round_alone,
    round_together,
    total_bits,
)
from compressed_detector.compression.share_coded import find_price
from compressed_detector.compression.surgeon import inverse
from compressed_detector.compression.sweep import factor

RANDOM = np.random.default_rng(0)
SAMPLES = RANDOM.normal(size=(400, 60)) @ RANDOM.normal(1, 1, (60, 60))
METRIC = SAMPLES.T @ SAMPLES / 400
KERNEL = RANDOM.laplace(size=(60, 40))
PRICES = [1e-4, 1e-2, 1.0]


def task(**changes: object) -> Task:
    parts = {'kernel': KERNEL, 'allowed': np.ones(KERNEL.shape, bool),
             'upper': factor(inverse(METRIC)), 'harm': 1.0}
    return Task(**{**parts, **changes})


def objective(codes: np.ndarray, price: float, whole: Task) -> float:
    error = layer_error(codes * whole.step(price) - whole.kernel, METRIC)
    return whole.harm * error + price * total_bits(codes)


@pytest.mark.parametrize('price', PRICES)
def test_making_up_for_errors_is_worth_it(price: float) -> None:
    whole = task()
    together, alone = round_together(whole, price), round_alone(whole, price)
    assert objective(together, price, whole) < objective(alone, price, whole)


def test_dearer_bits_are_fewer_and_errors_larger() -> None:
    whole = task()
    codes = [round_together(whole, price) for price in PRICES]
    bits = [total_bits(code) for code in codes]
    errors = [layer_error(code * whole.step(price) - KERNEL, METRIC)
              for code, price in zip(codes, PRICES)]
    assert bits[0] > bits[1] > bits[2]
    assert errors[0] < errors[1] < errors[2]


def test_layer_that_matters_more_gets_more_bits() -> None:
    bits = [total_bits(round_together(task(harm=harm), 1e-2)) for harm in (0.1, 1, 10)]
    assert bits[0] < bits[1] < bits[2]


def test_bits_take_weights_to_zero_that_plain_rounding_leaves() -> None:
    whole = task()
    plain = np.rint(KERNEL / whole.step(1.0))
    assert np.count_nonzero(round_alone(whole, 1.0)) < 0.9 * np.count_nonzero(plain)


@pytest.mark.parametrize('rounding', [round_alone, round_together])
def test_removed_weights_stay_zero(rounding: object) -> None:
    allowed = RANDOM.uniform(size=KERNEL.shape) < 0.5
    codes = rounding(task(allowed=allowed), 1e-3)
    assert not codes[~allowed].any()
    assert codes[allowed].any()


@pytest.mark.parametrize('rounding', [round_alone, round_together])
def test_codes_fit_into_a_codebook_however_little_bits_cost(rounding: object) -> None:
    codes = rounding(task(), 1e-30)
    assert np.abs(codes).max() <= REACH
    assert np.unique(codes).size <= 2 * REACH + 1


@pytest.mark.parametrize('bits', [1.0, 2.0, 4.0])
def test_price_is_that_of_the_bits_asked_for_with_what_making_up_takes(bits: float) -> None:
    whole = task()
    codes = round_together(whole, find_price([whole], bits))
    assert total_bits(codes) / codes.size == pytest.approx(bits, abs=0.1)


def test_bits_are_the_entropy() -> None:
    codes = np.array([[0, 0, 0, 0], [1, 1, -1, 5]], np.int16)
    # Shares 1/2, 1/4, 1/8, 1/8.
    assert total_bits(codes) == pytest.approx(8 * 1.75)
    bits = code_bits(codes)
    assert bits[REACH] < bits[REACH + 1] < bits[REACH - 1] < bits[0]
