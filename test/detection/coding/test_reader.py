# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes are read within bounds only, and never unpacked beyond a limit."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.coding import reader
from compressed_detector.detection.coding.reader import ByteReader, varint
from compressed_detector.errors import ModelError


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_numbers_come_back(numbers: list[int]) -> None:
    source = ByteReader(b''.join(map(varint, numbers)), 'numbers')
    assert [source.varint(2**63) for _ in numbers] == numbers
    source.finish()


def test_number_above_its_limit_is_refused() -> None:
    assert ByteReader(varint(300), 'x').varint(300) == 300
    with pytest.raises(ModelError, match='x: expected a number up to 299, got 300'):
        ByteReader(varint(300), 'x').varint(299)


def test_number_without_end_is_refused() -> None:
    with pytest.raises(ModelError, match='expected a number of at most 9 bytes'):
        ByteReader(b'\xff' * 100, 'x').varint(2**80)


@pytest.mark.parametrize('count', [4, 2**62, -1])
def test_more_than_there_is_is_refused(count: int) -> None:
    with pytest.raises(ModelError, match=f'x: expected {count} more bytes, got 3'):
        ByteReader(b'abc', 'x').take(count)


PACKERS = [
    (reader.deflated, reader.inflated),
    (reader.lzma_compressed, reader.lzma_decompressed),
]
Pack = Callable[[bytes], bytes]
Unpack = Callable[[bytes, int, str], bytes]


@pytest.mark.parametrize(('pack', 'unpack'), PACKERS)
@pytest.mark.parametrize('content', [b'', b'a', b'ab' * 5000])
def test_content_comes_back_up_to_the_limit(pack: Pack, unpack: Unpack, content: bytes) -> None:
    assert unpack(pack(content), len(content), 'x') == content
    if content:
        with pytest.raises(ModelError, match=f'x: expected at most {len(content) - 1} bytes'):
            unpack(pack(content), len(content) - 1, 'x')


@pytest.mark.parametrize(('pack', 'unpack'), PACKERS)
def test_damaged_content_is_refused(pack: Pack, unpack: Unpack) -> None:
    packed = pack(bytes(range(256)))
    for spoiled in (b'', packed[:-1], packed[:10], packed + b'\0', b'\xff' * 20):
        with pytest.raises(ModelError, match='x: '):
            unpack(spoiled, 1000, 'x')


def test_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zlib.compress(bytes(10**8), 9)
    assert len(bomb) < 10**5
    seen = []
    real = zlib.decompressobj

    class Watched:
        def __init__(self) -> None:
            self._real = real()
            self.eof, self.unused_data = False, b''

        def decompress(self, data: bytes, limit: int) -> bytes:
            seen.append(len(content := self._real.decompress(data, limit)))
            return content

    monkeypatch.setattr(zlib, 'decompressobj', Watched)
    with pytest.raises(ModelError, match='expected at most 5000 bytes, got more'):
        reader.inflated(bomb, 5000, 'x')
    assert seen == [5001]


def test_archive_that_asks_for_much_memory_is_refused() -> None:
    filters = [{'id': lzma.FILTER_LZMA2, 'dict_size': 2**30}]
    packed = lzma.compress(b'abc', lzma.FORMAT_XZ, lzma.CHECK_NONE, filters=filters)
    with pytest.raises(ModelError, match='x: .*[Mm]emory'):
        reader.lzma_decompressed(packed, 1000, 'x')
