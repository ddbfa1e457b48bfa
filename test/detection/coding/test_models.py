# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Code lengths and probabilities, packed and unpacked."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.coding import models
from compressed_detector.errors import ModelError


def table(rows: list[list[int]], kind: type[np.generic]) -> np.ndarray:
    padded = np.zeros((len(rows), 256), kind)
    for index, row in enumerate(rows):
        padded[index, :len(row)] = row
    return padded


@given(st.lists(st.lists(st.integers(0, 15), max_size=256), max_size=4))
def test_code_lengths_come_back(rows: list[list[int]]) -> None:
    lengths = table(rows, np.uint8)
    assert (models.unpack_lengths(models.pack_lengths(lengths)) == lengths).all()


@given(st.lists(st.lists(st.integers(0, 2**15 - 1), max_size=256), max_size=4))
def test_probabilities_come_back(rows: list[list[int]]) -> None:
    parts = table(rows, np.uint32)
    assert (models.unpack_parts(models.pack_parts(parts)) == parts).all()


def test_probabilities_by_hand() -> None:
    packed = zlib.decompress(models.pack_parts(table([[5, 0, 1, 12]], np.uint32)))
    # One model; its last symbol is 3; magnitudes 3, 0, 1, 4; then 01 of 101 and 100 of 1100.
    assert packed == bytes([1, 3, 0x30, 0x14, 0b01100000])


@pytest.mark.parametrize('unpack', [models.unpack_lengths, models.unpack_parts])
@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'expected 1 more bytes, got 0'),
        (b'\x01', 'expected 1 more bytes, got 0'),
        (b'\x01\xff\x00', 'expected 128 more bytes, got 1'),
        (b'\x01\x00\x10\x00', '1 bytes too many'),
        (b'\x81\x08', 'expected a number up to 1024, got 1025'),
        (bytes(10**6), 'expected at most .* bytes, got more'),
    ],
)
def test_damaged_table_is_refused(unpack: object, content: bytes, message: str) -> None:
    assert callable(unpack)
    with pytest.raises(ModelError, match=message):
        unpack(zlib.compress(content))
