# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Huffman codes against their definition, their entropy bound, and hostile tables."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.coding import huffman, lanes
from compressed_detector.detection.coding.huffman import ALONE, HuffmanCoder, code_lengths
from compressed_detector.detection.coding.lanes import Stream
from compressed_detector.detection.coding.reader import varint
from compressed_detector.errors import ModelError

COUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=256).filter(any)


def coder(*counts: list[int]) -> HuffmanCoder:
    padded = [code_lengths([*row, *[0] * (256 - len(row))]) for row in counts]
    return HuffmanCoder(np.array(padded))


def test_code_of_the_textbook() -> None:
    # Cormen et al., Introduction to Algorithms, figure 16.3: a to f.
    assert code_lengths([45, 13, 12, 16, 9, 5]).tolist() == [1, 3, 3, 3, 4, 4]


def test_canonical_bits_by_hand() -> None:
    # Lengths 1, 2, 2 for the symbols 0, 1, 2 are the codes 0, 10, 11.
    data = coder([2, 1, 1]).encode_block(
        np.array([0, 1, 2, 0], np.uint8), np.zeros(4, np.uint16)
    )
    assert data == varint(6) + bytes([0b01011000])


def test_symbol_that_is_alone_takes_no_bits() -> None:
    assert code_lengths([0, 0, 7]).tolist() == [0, 0, ALONE]
    data = coder([0, 0, 7]).encode_block(np.full(9, 2, np.uint8), np.zeros(9, np.uint16))
    assert data == varint(0)
    assert coder([0, 0, 7]).decode_block(data, np.zeros(9, np.uint16)).tolist() == [2] * 9


def test_alphabet_without_symbols_has_no_code() -> None:
    assert code_lengths([0, 0, 0]).tolist() == [0, 0, 0]
    assert lanes.encode([], HuffmanCoder(np.zeros((0, 256), np.uint8))) == b''
    assert lanes.decode(b'', [], HuffmanCoder(np.zeros((0, 256), np.uint8))) == []


@given(COUNTS)
def test_average_length_is_within_a_bit_of_the_entropy(counts: list[int]) -> None:
    probability = np.array(counts) / sum(counts)
    used = probability[probability > 0]
    entropy = float(-(used * np.log2(used)).sum())
    average = float(huffman.bits_of(code_lengths(counts)) @ probability)
    assert entropy - 1e-9 <= average < entropy + 1


@given(COUNTS)
def test_code_space_is_used_up(counts: list[int]) -> None:
    lengths = code_lengths(counts)
    if (lengths != ALONE).all():
        assert sum(2.0 ** -int(bits) for bits in lengths if bits) == 1
    assert ((lengths > 0) == (np.array(counts) > 0)).all()


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6), st.integers(3, 5))
def test_no_code_of_limited_length_is_shorter(counts: list[int], limit: int) -> None:
    best = min(
        sum(bits * count for bits, count in zip(lengths, counts))
        for lengths in itertools.product(range(1, limit + 1), repeat=len(counts))
        if sum(2.0 ** -bits for bits in lengths) <= 1
    )
    assert int(code_lengths(counts, limit).astype(int) @ np.array(counts)) == best


def test_fibonacci_weights_are_held_to_the_limit() -> None:
    counts = [1, 1]
    while len(counts) < 40:  # without a limit the rarest would take 39 bits
        counts.append(counts[-1] + counts[-2])
    lengths = code_lengths(counts)
    assert lengths.max() == huffman.MAX_BITS
    assert sum(2.0 ** -int(bits) for bits in lengths) == 1


@given(st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=40), min_size=1, max_size=5))
def test_streams_come_back(texts: list[list[int]]) -> None:
    symbols = [np.array(text, np.uint8) for text in texts]
    models = coder(*(np.bincount(text, minlength=256).tolist() for text in symbols))
    streams = [Stream(text, index) for index, text in enumerate(symbols)]
    sizes = [(text.size, index) for index, text in enumerate(symbols)]
    back = lanes.decode(lanes.encode(streams, models), sizes, models)
    assert [text.tolist() for text in back] == texts


@pytest.mark.parametrize(
    ('lengths', 'message'),
    [
        ({0: 1, 1: 1, 2: 1}, 'that use 6144'),
        ({0: 1, 1: 2}, 'that use 3072'),
        ({0: 1}, 'that use 2048'),
        ({}, 'got 0 lengths that use 0'),
        ({0: 13, 1: 13}, 'lengths up to 12'),
        ({0: ALONE, 1: ALONE}, 'got 2 lengths'),
        ({0: ALONE, 1: 1, 2: 1}, 'got 3 lengths'),
    ],
)
def test_table_that_is_no_code_is_refused(lengths: dict[int, int], message: str) -> None:
    table = np.zeros((1, 256), np.uint8)
    for symbol, bits in lengths.items():
        table[0, symbol] = bits
    with pytest.raises(ModelError, match=f'Huffman code 0: expected .*{message}'):
        HuffmanCoder(table)


def test_lane_that_ends_elsewhere_is_refused() -> None:
    code, models = coder([2, 1, 1]), np.zeros(4, np.uint16)
    assert code.decode_block(varint(6) + b'\x58', models).tolist() == [0, 1, 2, 0]
    with pytest.raises(ModelError, match='a lane does not end where it should'):
        code.decode_block(varint(7) + b'\x58', models)
    with pytest.raises(ModelError, match='expected 2 more bytes, got 1'):
        code.decode_block(varint(9) + b'\x58', models)
    with pytest.raises(ModelError, match='1 bytes too many'):
        code.decode_block(varint(6) + b'\x58\x00', models)
