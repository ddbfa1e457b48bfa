# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The smallest coder is chosen, and its model is part of the price."""

from __future__ import annotations

import numpy as np
import pytest

from compressed_detector.compression.symbol_models import MAX_STREAMS, ModelPool
from compressed_detector.detection.coding.lanes import MAX_MODELS, Symbols
from compressed_detector.detection.coding.tensors import CoderKind


def symbols(*counts: int) -> Symbols:
    return np.repeat(np.arange(len(counts)), counts).astype(np.uint8)


def test_skewed_stream_takes_fractions_of_a_bit() -> None:
    assert ModelPool().offer(symbols(9900, 100)).coder is CoderKind.RANS


def test_powers_of_two_take_the_smaller_table() -> None:
    offer = ModelPool().offer(symbols(50, 25, 25))
    assert offer.coder is CoderKind.HUFFMAN
    # 150 bits of codes; the table is a byte and three times four bits.
    assert offer.bits == 150 + 8 + 12


def test_like_stream_shares_the_model() -> None:
    pool = ModelPool()
    first = pool.accept(pool.offer(symbols(50, 25, 25)))
    again = pool.offer(symbols(51, 25, 24))
    assert again.new is None
    assert pool.accept(again) == first


def test_model_without_one_of_the_symbols_cannot_be_shared() -> None:
    pool = ModelPool()
    pool.accept(pool.offer(symbols(50, 25, 25)))
    assert pool.offer(symbols(50, 25, 24, 1)).new is not None


def test_two_new_models_offered_together_get_numbers_of_their_own() -> None:
    pool = ModelPool()
    offers = [pool.offer(symbols(50, 25, 25)), pool.offer(symbols(25, 25, 50))]
    assert [pool.accept(offer).model for offer in offers] == [0, 1]


@pytest.mark.parametrize('value', [0, 77, 255])
def test_noise_takes_eight_bits_and_no_table(value: int) -> None:
    noise = np.full(400, value, np.uint8) ^ np.arange(400, dtype=np.uint8)
    offer = ModelPool().offer(noise)
    assert (offer.bits, offer.new) == (3200, None)


def test_full_pool_offers_what_it_has() -> None:
    pool = ModelPool()
    generator = np.random.default_rng(0)
    for _ in range(MAX_MODELS - MAX_STREAMS + 1):
        counts = np.bincount(generator.choice(256, 2, replace=False), minlength=256)
        pool.accept(pool.offer(symbols(*(counts * 500))))
    for kind in CoderKind:
        assert len(pool.table(kind)) <= MAX_MODELS - MAX_STREAMS + 1
