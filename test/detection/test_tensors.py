# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Stored values and what they stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.tensors import Tensor, TensorInfo, positions


@pytest.mark.parametrize(
    ('dtype', 'quantized'),
    [(np.uint8, True), (np.int8, True), (np.int16, True), (np.float32, False)],
)
def test_integers_are_quantized(dtype: type, quantized: bool) -> None:
    assert TensorInfo('x', (1,), np.dtype(dtype)).quantized is quantized


def test_real_is_scale_times_stored_minus_zero_point() -> None:
    values = np.array([-128, 0, 127], np.int8)
    tensor = Tensor(values, scale=0.5, zero_point=-28)
    real = tensor.real(values)
    assert real.tolist() == [-50, 14, 77.5]
    assert real.dtype == np.float32


def test_floats_stand_for_themselves() -> None:
    values = np.array([-1.5, 0, 3.25], np.float32)
    assert Tensor(values).real(values).tolist() == [-1.5, 0, 3.25]
    assert Tensor(values).least(2.5) == 2.5


def test_real_of_nothing_is_nothing() -> None:
    assert Tensor(np.zeros(0, np.int8), 0.5, 3).real(np.zeros(0, np.int8)).shape == (0,)


@pytest.mark.parametrize('dtype', [np.int8, np.uint8, np.int16])
@given(scale=st.floats(2**-10, 8), zero_point=st.integers(-128, 255),
       real=st.floats(-1e6, 1e6) | st.sampled_from([math.inf, -math.inf]))
def test_values_from_the_least_on_stand_for_at_least_the_real_number(
    dtype: type, scale: float, zero_point: int, real: float
) -> None:
    limits = np.iinfo(dtype)
    values = np.arange(limits.min, limits.max + 1).astype(dtype)
    least = Tensor(values, scale, zero_point).least(real)
    exact = [value >= real / scale + zero_point for value in values.tolist()]
    assert (values >= least).tolist() == exact
    assert not any(exact) or least.dtype == dtype


@given(
    seed=st.integers(0, 2**32 - 1), rows=st.integers(0, 8), columns=st.integers(1, 8),
    share=st.sampled_from([0, 0.2, 1]), transposed=st.booleans(),
)
def test_positions_are_those_of_nonzero(
    seed: int, rows: int, columns: int, share: float, transposed: bool
) -> None:
    mask = np.random.default_rng(seed).random((rows, columns)) < share
    if transposed and rows:
        mask = mask.T  # not contiguous
    expected = np.nonzero(mask)
    found = positions(mask)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
