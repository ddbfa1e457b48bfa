# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Products from the compressed form against the dense product, exactly."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from eie_matrices import VALUES, column, sparse_matrices
from hypothesis import given, settings
from hypothesis import strategies as st

from compressed_detector.classics.eie.encoding import encode
from compressed_detector.classics.eie.kernel import (
    DenseProduct,
    Product,
    accumulate,
    compiled,
    reference,
)
from compressed_detector.errors import BenchmarkError


@settings(deadline=None)  # the first one is compiled
@given(sparse_matrices(), st.integers(1, 64), st.integers(4, 5), st.integers(0, 2**32 - 1))
def test_products_are_those_of_the_dense_matrix(matrix, elements, code_bits, seed) -> None:
    random = np.random.default_rng(seed)
    activations = random.choice([0, 0, 0, *VALUES], matrix.shape[1]).astype(np.float32)
    expected = matrix @ activations
    encoded = encode(matrix, elements, code_bits)
    assert Product(encoded)(activations).tolist() == expected.tolist()
    assert reference(encoded, activations).tolist() == expected.tolist()
    assert DenseProduct(matrix)(activations).tolist() == expected.tolist()


def test_a_product_can_be_repeated_with_other_activations() -> None:
    product = Product(encode(column(1, 0, 2), 1))
    for activation in (3, 5):
        assert product(np.float32([activation])).tolist() == [activation, 0, 2 * activation]


@pytest.mark.parametrize('kind', ['compressed', 'dense'])
def test_columns_of_zero_activations_are_not_touched(kind: str) -> None:
    # Infinity times zero would not be a number.
    matrix = np.float32([[np.inf, 1], [0, 2]])
    product = Product(encode(matrix, 1)) if kind == 'compressed' else DenseProduct(matrix)
    assert product(np.float32([0, 3])).tolist() == [3, 6]


@pytest.mark.parametrize('activations', [np.float32([1, 2]), np.float64([1]), np.float32([[1]])])
def test_activations_that_do_not_belong_to_the_matrix_are_refused(activations) -> None:
    for product in (Product(encode(column(1), 1)), DenseProduct(column(1))):
        with pytest.raises(BenchmarkError, match=r'expected activations of float32 \(1,\), got'):
            product(activations)


def test_without_numba_the_error_names_the_command(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'numba', None)
    with pytest.raises(BenchmarkError, match='pip install -r requirements/workshop.txt'):
        compiled.__wrapped__(accumulate)
