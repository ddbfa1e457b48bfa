# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Streams of symbols, cut into lanes that are decoded side by side.

One symbol after the other would take minutes in Python. A block of symbols is cut into lanes of
equal length (the last may be shorter), and NumPy decodes the next symbol of all lanes at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding.reader import ByteReader, varint
from compressed_detector.detection.manifest import require

Symbols = npt.NDArray[np.uint8]
ModelIds = npt.NDArray[np.uint16]
Table = npt.NDArray[Any]

ALPHABET = 256
# Bounds the tables of a decoder to some 20 MB.
MAX_MODELS = 1024
# More lanes decode faster, and each costs two or three bytes.
MAX_LANES = 512
SYMBOLS_PER_LANE = 4096
# Bounds what a decoder needs beside its result.
BLOCK_SYMBOLS = 2**22


class Lanes:
    """
    How a block of so many symbols, one at least, is cut.

    A lane has ``length`` symbols, which are the steps of the decoder; there are ``count`` lanes.
    """

    def __init__(self, symbols: int) -> None:
        wanted = min(max(symbols // SYMBOLS_PER_LANE, 1), MAX_LANES)
        self.symbols = symbols
        self.length = -(-symbols // wanted)
        self.count = -(-symbols // self.length)
        self._in_last = symbols - (self.count - 1) * self.length

    def split(self, values: Table) -> Table:
        """Return (length, count): a row is what is decoded in one step, a column is a lane."""
        padded = np.zeros(self.length * self.count, values.dtype)
        padded[:self.symbols] = values
        return np.ascontiguousarray(padded.reshape(self.count, self.length).T)

    def join(self, rows: Table) -> Table:
        """Return (symbols,) in their order again."""
        values: Table = rows.T.reshape(-1)
        return values[:self.symbols]

    def active(self, step: int) -> int:
        """Return how many lanes still have a symbol at this step."""
        return self.count if step < self._in_last else self.count - 1


@dataclass(frozen=True, eq=False)
class Stream:
    """Symbols, and which of a coder's models they are coded with."""

    symbols: Symbols
    model: int


class Coder(Protocol):
    """Turns a block of symbols into bytes and back, with one model per symbol."""

    @property
    def models(self) -> int:
        """The number of models."""

    def encode_block(self, symbols: Symbols, models: ModelIds) -> bytes:
        """Return the code of a block."""

    def decode_block(self, data: bytes, models: ModelIds) -> Symbols:
        """Return the symbols of a block; raises ModelError when the bytes are not their code."""


def encode(streams: Sequence[Stream], coder: Coder) -> bytes:
    """Return the code of all streams, one after the other, in blocks."""
    if not streams:
        return b''
    symbols = np.concatenate([stream.symbols for stream in streams])
    sizes = [(stream.symbols.size, stream.model) for stream in streams]
    blocks = []
    for start, models in _blocks(sizes):
        block = coder.encode_block(symbols[start:start + models.size], models)
        blocks.append(varint(len(block)) + block)
    return b''.join(blocks)


def decode(data: bytes, sizes: Sequence[tuple[int, int]], coder: Coder) -> list[Symbols]:
    """
    Return the symbols of streams of the given (size, model).

    The sizes are to be checked before: they say how much memory this takes. Raises ModelError
    when the bytes are not the code of such streams.
    """
    unknown = sorted({model for _, model in sizes if model >= coder.models})
    require(not unknown, f'coded symbols: expected models below {coder.models}, got {unknown}')
    reader = ByteReader(data, 'coded symbols')
    symbols = np.empty(sum(size for size, _ in sizes), np.uint8)
    for start, models in _blocks(sizes):
        block = reader.take(reader.varint(len(data)))
        symbols[start:start + models.size] = coder.decode_block(block, models)
    reader.finish()
    return np.split(symbols, np.cumsum([size for size, _ in sizes])[:-1]) if sizes else []


def _blocks(sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, ModelIds]]:
    ends = np.cumsum([size for size, _ in sizes], dtype=np.int64)
    models = np.array([model for _, model in sizes], np.uint16)
    total = int(ends[-1]) if sizes else 0
    for start in range(0, total, BLOCK_SYMBOLS):
        positions = np.arange(start, min(start + BLOCK_SYMBOLS, total))
        yield start, models[np.searchsorted(ends, positions, side='right')]
