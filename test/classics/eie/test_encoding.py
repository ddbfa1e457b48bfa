# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""EIE's form: the paper's example, dealt rows by hand, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from eie_matrices import column, sparse_matrices
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.classics.eie.encoding import (
    decode,
    encode,
    fitting_code_bits,
    placed,
)
from compressed_detector.errors import CompressionError


def test_example_of_the_paper() -> None:
    # Section III-B: v = [1, 2, 0, 3] and z = [2, 0, 15, 2].
    encoded = encode(column(0, 0, 1, 2, *[0] * 18, 3), elements=1)
    assert encoded.codebook.tolist() == [0, 1, 2, 3]
    assert (encoded.entries & 15).tolist() == [1, 2, 0, 3]
    assert (encoded.entries >> 4).tolist() == [2, 0, 15, 2]
    assert encoded.pointers.tolist() == [0, 4]
    assert encoded.nonzeros == 3


def test_rows_are_dealt_to_the_elements_and_zeros_counted_within_each() -> None:
    matrix = np.array([[5, 0], [0, 0], [0, 0], [6, 7], [8, 0]], np.float32)
    encoded = encode(matrix, elements=2)
    # Element 0 has rows 0, 2 and 4: 5 0 8 and nothing. Element 1 has rows 1 and 3: 0 6 and 0 7.
    assert encoded.codebook[encoded.entries & 15].tolist() == [5, 8, 6, 7]
    assert (encoded.entries >> 4).tolist() == [0, 1, 1, 1]
    assert encoded.pointers.tolist() == [0, 2, 2, 3, 4]
    assert encoded.lengths.tolist() == [[2, 0], [1, 1]]


@given(sparse_matrices(), st.integers(1, 64), st.integers(4, 8), st.integers(1, 8))
def test_matrix_comes_back(matrix, elements, code_bits, gap_bits) -> None:
    encoded = encode(matrix, elements, code_bits, gap_bits)
    assert np.array_equal(decode(encoded), matrix)
    assert encoded.nonzeros == np.count_nonzero(matrix)
    assert encoded.pointers[-1] == encoded.entries.size
    assert encoded.entries.max(initial=0) < 1 << (code_bits + gap_bits)
    rows, columns, weights = placed(encoded)
    # Fillers too stand in the column and at the element that they belong to.
    assert (weights == matrix[rows, columns]).all()
    parts = rows % elements * matrix.shape[1] + columns
    counts = np.bincount(parts, minlength=elements * matrix.shape[1])
    assert counts.tolist() == encoded.lengths.ravel().tolist()


@given(sparse_matrices(), st.integers(1, 64), st.integers(1, 8))
def test_no_more_fillers_than_the_zeros_before_a_weight_need(matrix, elements, gap_bits) -> None:
    needed = 0
    for element in range(elements):
        for values in matrix[element::elements].T:
            places = [-1, *np.flatnonzero(values)]
            needed += sum((b - a - 1) >> gap_bits for a, b in zip(places, places[1:]))
    encoded = encode(matrix, elements, gap_bits=gap_bits)
    assert encoded.entries.size - encoded.nonzeros == needed


def test_an_entry_is_a_byte_when_both_parts_fit() -> None:
    matrix = column(1, 0, 2)
    assert encode(matrix, 1, code_bits=4, gap_bits=4).entries.dtype == np.uint8
    assert encode(matrix, 1, code_bits=5, gap_bits=4).entries.dtype == np.uint16


def test_zero_takes_a_place_in_the_codebook_only_where_a_filler_needs_it() -> None:
    sixteen = column(*range(1, 17))
    assert encode(sixteen, 1).codebook.size == 16
    apart = np.concatenate([sixteen, column(*[0] * 16), column(1)])
    with pytest.raises(CompressionError, match='at most 16 values for 4 bits, got 17, zero'):
        encode(apart, 1)
    assert np.array_equal(decode(encode(apart, 1, code_bits=5)), apart)


def test_fitting_bits_name_every_value_and_zero() -> None:
    assert fitting_code_bits(column(0, 1)) == 4
    assert fitting_code_bits(column(*range(16))) == 4
    assert fitting_code_bits(column(*range(17))) == 5
    assert fitting_code_bits(column(*range(1, 65))) == 7


@pytest.mark.parametrize(
    ('options', 'message'),
    [({'elements': 0}, 'element at least, got 0'),
     ({'elements': 1, 'code_bits': 9}, 'code_bits: expected 1 to 8, got 9'),
     ({'elements': 1, 'gap_bits': 0}, 'gap_bits: expected 1 to 8, got 0')],
)
def test_parameters_out_of_bounds_are_refused(options, message) -> None:
    with pytest.raises(CompressionError, match=message):
        encode(column(1), **options)


def test_what_is_no_matrix_of_float32_is_refused() -> None:
    with pytest.raises(CompressionError, match=r'got float64 \(3,\)'):
        encode(np.zeros(3), 1)
