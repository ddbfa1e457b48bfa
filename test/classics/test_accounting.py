# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The paper's accounting by hand and by other means; a file that holds what it was made of."""

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressed_detector.classics import accounting
from compressed_detector.classics.accounting import Bits, mean_huffman_bits, size_of
from compressed_detector.compression.forms import Form
from compressed_detector.compression.sharing import share
from compressed_detector.errors import CompressionError


def shared(kernel: np.ndarray, entries: int) -> tuple[np.ndarray, Form]:
    return share(kernel, Form(mask=kernel != 0), entries)


def huffman_bits(counts: list[int]) -> int:
    """Huffman's own construction: the sum of all merged counts."""
    heap, total = [count for count in counts if count], 0
    heapq.heapify(heap)
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        total += merged
        heapq.heappush(heap, merged)
    return total


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40))
def test_codes_are_as_short_as_huffmans(counts: list[int]) -> None:
    # No code of so few symbols and counts is longer than the 12 bits that the coder has.
    assert mean_huffman_bits(counts) * sum(counts) == pytest.approx(huffman_bits(counts), rel=0.02)


def test_a_kernel_is_counted_as_by_hand() -> None:
    # Two outputs with six inputs, one output after the other: 0 a 0 0 0 0 | 0 b 0 0 0 a.
    kernel = np.zeros((6, 2), np.float32)
    kernel[1, 0] = kernel[5, 1] = 2.0
    kernel[1, 1] = -1.0
    size = size_of('fc', *shared(kernel, 3), Bits(2, 2))
    # Gaps of 2, 6 and 4: the second is longer than 4 and takes a filler.
    assert (size.weights, size.kept, size.entries, size.values) == (12, 3, 4, 2)
    assert size.density == 0.25
    assert size.dense_bits == 12 * 32
    assert size.shared_bits == 4 * (2 + 2) + 2 * 32
    # Codes a, filler, b, a: 1, 2, 2, 1 bits. Gaps 2, 4, 2, 4: one bit each.
    assert size.huffman_bits == pytest.approx(6 + 4 + 2 * 32)


def test_convolutions_are_read_an_output_after_the_other() -> None:
    kernel = np.zeros((3, 3, 2, 2), np.float32)
    kernel[:, :, 0, 0] = 1.0
    # Nine neighbours in Caffe's memory: no gap, and nothing behind them.
    size = size_of('conv', *shared(kernel, 3), Bits(2, 1))
    assert size.entries == 9
    assert size.huffman_gap_bits == 0


def test_values_and_the_fillers_zero_must_fit_the_bits() -> None:
    kernel = np.zeros((16, 1), np.float32)
    kernel[[0, 1, 2, 15], 0] = 1, 2, 3, 4
    weights, form = shared(kernel, 4)
    assert size_of('fc', weights, form, Bits(2, 4)).values == 4
    with pytest.raises(CompressionError, match='fc: expected at most 4 values in 2 bits.*got 5'):
        size_of('fc', weights, form, Bits(2, 2))


def test_weights_that_are_not_shared_are_refused() -> None:
    with pytest.raises(CompressionError, match='fc: expected shared weights'):
        size_of('fc', np.ones((2, 2), np.float32), Form(), Bits(2, 2))


def test_ratios_are_of_all_kernels_together() -> None:
    random = np.random.default_rng(0)
    weights, forms = {}, {}
    for name, inputs in (('a', 40), ('b', 400)):
        kernel = np.where(random.random((inputs, 10)) < 0.1,
                          random.standard_normal((inputs, 10)), 0).astype(np.float32)
        weights[name], forms[name] = shared(kernel, 15)
    sizes = accounting.sizes_of(weights, forms, {'b': Bits(4, 4), 'a': Bits(4, 4)})
    assert [size.name for size in sizes] == ['b', 'a']
    assert accounting.huffman_ratio(sizes) == pytest.approx(
        4400 * 32 / sum(size.huffman_bits for size in sizes))
    assert accounting.huffman_ratio(sizes) > accounting.shared_ratio(sizes)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.5))
def test_the_file_is_about_what_its_entropy_says(seed: int, density: float) -> None:
    random = np.random.default_rng(seed)
    mask = random.random((200, 100)) < density
    values = random.standard_normal(15).astype(np.float32)
    kernel = np.where(mask, values[random.integers(15, size=mask.shape)], np.float32(0))
    bias = random.standard_normal(100).astype(np.float32)
    kept = mask.mean()
    entropy = -kept * math.log2(kept) - (1 - kept) * math.log2(1 - kept) + kept * math.log2(15)
    bits = 8 * accounting.file_bytes({'fc_weight': kernel, 'fc_bias': bias})
    assert entropy * kernel.size < bits - 32 * bias.size < 1.1 * entropy * kernel.size + 8 * 700
