# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Range asymmetric numeral systems: exact, near the entropy, and not to be fooled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.coding import lanes, rans
from compressed_detector.detection.coding.lanes import Stream
from compressed_detector.detection.coding.rans import TOTAL, RansCoder, frequencies
from compressed_detector.errors import ModelError

COUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=256).filter(any)


def coder(*counts: list[int]) -> RansCoder:
    return RansCoder(np.array([frequencies([*row, *[0] * (256 - len(row))]) for row in counts]))


def test_probabilities_by_hand() -> None:
    assert frequencies([1, 0, 3]).tolist() == [4096, 0, 12288]
    assert frequencies([5]).tolist() == [TOTAL]
    # A thirty-millionth would be nothing, and could not be coded: it gets a part of the rest.
    assert frequencies([30_000_000, 1]).tolist() == [TOTAL - 1, 1]


@given(COUNTS)
def test_probabilities_sum_up_and_leave_out_nothing(counts: list[int]) -> None:
    parts = frequencies(counts)
    assert parts.sum() == TOTAL
    assert ((parts > 0) == (np.array(counts) > 0)).all()


@given(COUNTS)
def test_rounded_probabilities_cost_little(counts: list[int]) -> None:
    probability = np.array(counts) / sum(counts)
    used = probability > 0
    entropy = float(-(probability[used] * np.log2(probability[used])).sum())
    cost = float(rans.bits_of(frequencies(counts))[used] @ probability[used])
    assert entropy - 1e-9 <= cost <= entropy + 0.03


@given(st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=40), min_size=1, max_size=5))
def test_streams_come_back(texts: list[list[int]]) -> None:
    symbols = [np.array(text, np.uint8) for text in texts]
    models = coder(*(np.bincount(text, minlength=256).tolist() for text in symbols))
    streams = [Stream(text, index) for index, text in enumerate(symbols)]
    sizes = [(text.size, index) for index, text in enumerate(symbols)]
    back = lanes.decode(lanes.encode(streams, models), sizes, models)
    assert [text.tolist() for text in back] == texts


def test_size_is_that_of_the_entropy() -> None:
    # One in fifty: 0.141 bits a symbol, where a Huffman code takes a whole one.
    symbols = (np.random.default_rng(0).random(200_000) < 0.02).astype(np.uint8)
    models = coder(np.bincount(symbols, minlength=256).tolist())
    share = symbols.mean()
    entropy = -(share * np.log2(share) + (1 - share) * np.log2(1 - share))
    data = lanes.encode([Stream(symbols, 0)], models)
    assert 8 * len(data) / symbols.size == pytest.approx(entropy, rel=0.05)
    assert (lanes.decode(data, [(symbols.size, 0)], models)[0] == symbols).all()


def test_only_symbol_takes_no_words() -> None:
    data = coder([0, 9]).encode_block(np.ones(100, np.uint8), np.zeros(100, np.uint16))
    assert data == int(rans.LOW).to_bytes(4, 'little')


@pytest.mark.parametrize('parts', [{0: TOTAL - 1}, {0: TOTAL, 1: 1}, {}])
def test_probabilities_that_do_not_sum_up_are_refused(parts: dict[int, int]) -> None:
    table = np.zeros((1, 256), np.uint32)
    for symbol, part in parts.items():
        table[0, symbol] = part
    with pytest.raises(ModelError, match='model 0: expected a sum of 16384'):
        RansCoder(table)


def test_every_changed_byte_is_noticed() -> None:
    symbols = np.random.default_rng(1).integers(0, 7, 300).astype(np.uint8)
    models, ids = coder(np.bincount(symbols).tolist()), np.zeros(300, np.uint16)
    data = models.encode_block(symbols, ids)
    assert (models.decode_block(data, ids) == symbols).all()
    for index in range(len(data)):
        changed = bytearray(data)
        changed[index] ^= 1 << index % 8
        with pytest.raises(ModelError, match='states do not end where they should'):
            models.decode_block(bytes(changed), ids)
    for spoiled in (data[:-2], data[:-1], data[:3], b'', data + b'\0\0'):
        with pytest.raises(ModelError, match='states do not end'):
            models.decode_block(spoiled, ids)
