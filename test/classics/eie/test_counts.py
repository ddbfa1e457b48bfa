# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a small product takes, counted by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from compressed_detector.classics.eie.counts import (
    compressed_counts,
    dense_counts,
    pointer_bytes,
)
from compressed_detector.classics.eie.encoding import encode

# 3 entries in the first column, one in the second, none in the third.
MATRIX = np.float32([[1, 0, 0], [0, 2, 0], [1, 0, 0], [3, 0, 0]])


def test_dense_product_reads_every_weight() -> None:
    counted = dense_counts(MATRIX)
    assert (counted.macs, counted.stored_bytes, counted.weight_bytes) == (12, 48, 48)
    assert counted.moved_bytes == 48 + 3 * 4 + 4 * 4
    # Table I: 4.6 pJ for a multiplication and an addition, 640 and 5 pJ for 4 bytes.
    assert counted.dram_uj * 1e6 == pytest.approx(12 * 4.6 + 76 * 160)
    assert counted.sram_uj * 1e6 == pytest.approx(12 * 4.6 + 76 * 1.25)


def test_compressed_product_reads_columns_of_nonzero_activations() -> None:
    encoded = encode(MATRIX, elements=2)
    counted = compressed_counts(encoded, np.float32([5, 0, 5]))
    assert (counted.macs, counted.weight_bytes) == (3, 3)
    # Two columns, of each of two elements, where they begin and end, 2 bytes each.
    assert counted.pointer_bytes == 2 * 2 * 2 * 2
    assert (counted.activation_bytes, counted.result_bytes) == (12, 16)
    # 4 entries, 2 x 4 pointers, 3 values.
    assert counted.stored_bytes == 4 + 8 * 2 + 3 * 4


def test_entries_count_by_their_bits_and_fillers_as_entries() -> None:
    matrix = np.zeros((40, 1), np.float32)
    matrix[39] = 1
    counted = compressed_counts(encode(matrix, 1, code_bits=6), np.float32([1]))
    # The weight and two fillers, 10 bits each; all of it takes whole bytes.
    assert (counted.macs, counted.weight_bytes) == (3, 3.75)
    assert counted.stored_bytes == 4 + 2 * 2 + 2 * 4


@pytest.mark.parametrize(('count', 'size'), [(65535, 2), (65536, 4)])
def test_pointers_are_as_wide_as_the_entries_of_one_element_ask_for(count, size) -> None:
    encoded = encode(np.ones((2, count), np.float32), elements=2)
    assert pointer_bytes(encoded) == size
    undealt = dataclasses.replace(encoded, pointers=encoded.pointers[::2], elements=1)
    assert pointer_bytes(undealt) == 4
