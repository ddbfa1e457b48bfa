# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes that were written by somebody else, read without trusting a single number in them."""

from __future__ import annotations

import lzma
import zlib

from compressed_detector.detection.manifest import require
from compressed_detector.errors import ModelError

# Unpacking takes a dictionary as large as packing did, and little more.
LZMA_DICTIONARY_BYTES = 16 * 2**20
LZMA_MEMORY_BYTES = 20 * 2**20
VARINT_BYTES = 9


class ByteReader:
    """
    Reads a section from its first byte to its last.

    Raises ModelError, which says ``what`` is damaged, when there is less than asked for.
    """

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._what = what
        self._position = 0

    @property
    def left(self) -> int:
        """The number of bytes that have not been read."""
        return len(self._data) - self._position

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        require(0 <= count <= self.left,
                f'{self._what}: expected {count} more bytes, got {self.left}; the archive is '
                'damaged: copy it again')
        start, self._position = self._position, self._position + count
        return self._data[start:self._position]

    def varint(self, limit: int) -> int:
        """Return the next number: seven bits a byte, the lowest first; it may reach limit."""
        value = 0
        for index in range(VARINT_BYTES):
            byte = self.take(1)[0]
            value |= (byte & 127) << 7 * index
            if byte < 128:
                break
        else:
            raise ModelError(f'{self._what}: expected a number of at most {VARINT_BYTES} bytes')
        require(value <= limit, f'{self._what}: expected a number up to {limit}, got {value}')
        return value

    def finish(self) -> None:
        """Raise ModelError when something is left over."""
        require(self.left == 0, f'{self._what}: {self.left} bytes too many')


def varint(value: int) -> bytes:
    """Return a number as ByteReader.varint reads it."""
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def deflated(content: bytes) -> bytes:
    """Compress a section with zlib."""
    return zlib.compress(content, 9)


def inflated(data: bytes, limit: int, what: str) -> bytes:
    """Return what zlib compressed; raises ModelError beyond limit bytes."""
    decompressor = zlib.decompressobj()
    try:
        content = decompressor.decompress(data, limit + 1)
    except zlib.error as error:
        raise ModelError(f'{what}: {error}') from error
    _require_whole(decompressor.eof and not decompressor.unused_data, content, limit, what)
    return content


def lzma_compressed(content: bytes) -> bytes:
    """Compress a section with LZMA."""
    dictionary = min(max(len(content), 4096), LZMA_DICTIONARY_BYTES)
    filters = [{
        'id': lzma.FILTER_LZMA2, 'preset': 9 | lzma.PRESET_EXTREME, 'dict_size': dictionary,
    }]
    return lzma.compress(
        content, format=lzma.FORMAT_XZ, check=lzma.CHECK_NONE, filters=filters
    )


def lzma_decompressed(data: bytes, limit: int, what: str) -> bytes:
    """Return what LZMA compressed; raises ModelError beyond limit bytes."""
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, LZMA_MEMORY_BYTES)
    try:
        content = decompressor.decompress(data, limit + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise ModelError(f'{what}: {error}') from error
    _require_whole(decompressor.eof and not decompressor.unused_data, content, limit, what)
    return content


def _require_whole(complete: bool, content: bytes, limit: int, what: str) -> None:
    require(len(content) <= limit, f'{what}: expected at most {limit} bytes, got more')
    require(complete, f'{what}: the compressed bytes do not end where they should; the archive '
                      'is damaged: copy it again')
