# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Lanes: how a block is cut, and that many lanes and many blocks come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.coding import huffman, lanes, rans
from compressed_detector.detection.coding.lanes import Coder, Lanes, Stream
from compressed_detector.errors import ModelError


@given(st.integers(1, 20_000_000))
def test_lanes_hold_all_symbols_and_only_the_last_is_shorter(symbols: int) -> None:
    cut = Lanes(symbols)
    assert 1 <= cut.count <= lanes.MAX_LANES
    assert (cut.count - 1) * cut.length < symbols <= cut.count * cut.length
    last = symbols - (cut.count - 1) * cut.length
    assert cut.active(last - 1) == cut.count
    assert last == cut.length or cut.active(last) == cut.count - 1


@given(st.integers(1, 30_000))
def test_what_is_split_is_joined(symbols: int) -> None:
    values = np.arange(symbols, dtype=np.uint16)
    assert (Lanes(symbols).join(Lanes(symbols).split(values)) == values).all()


def coders() -> list[Coder]:
    counts = [np.bincount(text, minlength=256) for text in texts()]
    return [
        huffman.HuffmanCoder(np.array([huffman.code_lengths(row) for row in counts])),
        rans.RansCoder(np.array([rans.frequencies(row) for row in counts])),
    ]


def texts() -> list[lanes.Symbols]:
    generator = np.random.default_rng(2)
    return [generator.poisson(mean, size).astype(np.uint8)
            for mean, size in ((3, 50_001), (40, 30_000), (0.1, 7), (90, 12_345))]


@pytest.mark.parametrize('coder', coders(), ids=['huffman', 'rans'])
def test_streams_over_many_lanes_and_blocks_come_back(
    coder: Coder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, 'BLOCK_SYMBOLS', 20_000)  # five blocks, cut inside the streams
    data = lanes.encode([Stream(text, model) for model, text in enumerate(texts())], coder)
    back = lanes.decode(data, [(text.size, model) for model, text in enumerate(texts())], coder)
    assert all((a == b).all() for a, b in zip(back, texts(), strict=True))


@pytest.mark.parametrize('coder', coders(), ids=['huffman', 'rans'])
def test_model_that_does_not_exist_is_refused(coder: Coder) -> None:
    with pytest.raises(ModelError, match=r'expected models below 4, got \[4\]'):
        lanes.decode(b'', [(1, 4)], coder)


@pytest.mark.parametrize('coder', coders(), ids=['huffman', 'rans'])
def test_missing_and_surplus_blocks_are_refused(coder: Coder) -> None:
    text = texts()[1]
    data = lanes.encode([Stream(text, 1)], coder)
    with pytest.raises(ModelError, match='expected 1 more bytes, got 0'):
        lanes.decode(b'', [(text.size, 1)], coder)
    with pytest.raises(ModelError, match='bytes too many'):
        lanes.decode(data + data, [(text.size, 1)], coder)
