# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The ways to code a constant tensor, and how its bytes are restored from the symbols."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding import sparse
from compressed_detector.detection.coding.lanes import ALPHABET, MAX_MODELS, Symbols
from compressed_detector.detection.coding.reader import ByteReader, varint
from compressed_detector.detection.manifest import require

# An element is a plain number of so many bytes, whatever it means.
UNSIGNED: dict[int, Any] = {1: np.uint8, 2: np.dtype('<u2'), 4: np.dtype('<u4'),
                            8: np.dtype('<u8')}
# Bounds what restoring needs beside its result.
CHUNK = 2**20
# The orders in which a tensor (channels out, kernel, channels in) may be read: as it lies in
# memory; a kernel after the other; an input channel after the other. Pruned kernels and channels
# then are long gaps, and what is left lies close together.
ORDERS = ((0, 1, 2), (0, 2, 1), (2, 0, 1))


class Kind(IntEnum):
    """
    How elements become symbols.

    PLANES: one stream per byte of the element, the lowest first; 8-bit weights are one. SHARED:
    a codebook, and a stream of indices into it. SPARSE: a codebook, a stream of indices for the
    elements that are stored, and a stream of gaps between them (see sparse). ROWS: a codebook
    for each output channel, and a stream of indices. Shared weights become that when they are
    quantized with a scale per channel.
    """

    PLANES = 0
    SHARED = 1
    SPARSE = 2
    ROWS = 3


class CoderKind(IntEnum):
    """Which coder a stream goes through."""

    HUFFMAN = 0
    RANS = 1


@dataclass(frozen=True)
class StreamCode:
    """The coder of a stream, and which of its models."""

    coder: CoderKind
    model: int


@dataclass(frozen=True)
class TensorCode:
    """
    Where a tensor lies in the model, and how it is coded.

    ``offset`` and ``size`` are in bytes, ``width`` is the bytes of an element. A codebook has
    ``shared`` elements, and each of the ``rows`` has one. Of a sparse tensor, ``entries`` are
    stored and the rest is the element number ``zero`` of the codebook. It is read in the order
    number ``order``, as a tensor of ``shape``; in order 0 the shape does not matter.
    """

    offset: int
    count: int
    width: int
    kind: Kind
    shared: int = 0
    zero: int = 0
    entries: int = 0
    order: int = 0
    shape: tuple[int, int, int] = (0, 0, 0)
    rows: int = 1
    streams: tuple[StreamCode, ...] = ()

    @property
    def size(self) -> int:
        """The bytes of the tensor."""
        return self.count * self.width

    @property
    def stream_sizes(self) -> tuple[int, ...]:
        """The number of symbols in each stream."""
        if self.kind is Kind.PLANES:
            return (self.count,) * self.width
        return (self.entries, self.entries) if self.kind is Kind.SPARSE else (self.count,)

    @property
    def codebook_size(self) -> int:
        """The bytes of all codebooks."""
        return self.shared * self.rows * self.width

    def pack(self, previous_end: int) -> bytes:
        """Return the description as it stands in the archive's layout."""
        numbers = [self.offset - previous_end, self.count, self.width, self.kind]
        if self.kind is not Kind.PLANES:
            numbers.append(self.shared)
        if self.kind is Kind.SPARSE:
            numbers += [self.zero, self.entries, self.order]
            numbers += self.shape if self.order else ()
        if self.kind is Kind.ROWS:
            numbers.append(self.rows)
        numbers += [number for code in self.streams for number in (code.coder, code.model)]
        return b''.join(map(varint, numbers))


def read_layout(data: bytes, model_size: int) -> list[TensorCode]:
    """
    Return the tensors of a model of so many bytes, in their order, none over another.

    Raises ModelError for anything that does not fit, so that the sum of all sizes is bounded.
    """
    reader, end = ByteReader(data, 'layout'), 0
    tensors = []
    while reader.left:
        tensors.append(_read_tensor(reader, end, model_size))
        end = tensors[-1].offset + tensors[-1].size
    return tensors


def _read_tensor(reader: ByteReader, previous_end: int, model_size: int) -> TensorCode:
    offset = previous_end + reader.varint(model_size - previous_end)
    count, width = reader.varint(model_size - offset), reader.varint(max(UNSIGNED))
    require(count > 0 and width in UNSIGNED and count * width <= model_size - offset,
            f'layout: expected a tensor inside the model of {model_size} bytes, got {count} '
            f'elements of {width} bytes at {offset}')
    kind = Kind(reader.varint(max(Kind)))
    code = TensorCode(offset, count, width, kind)
    if kind is not Kind.PLANES:
        code = replace(code, shared=reader.varint(ALPHABET))
    if kind is Kind.SPARSE:
        code = _read_sparse(reader, code)
    if kind is Kind.ROWS:
        code = replace(code, rows=reader.varint(code.count))
        require(code.rows > 0 and code.count % code.rows == 0
                and code.rows * code.shared <= code.count,
                f'layout: expected rows of {code.count} elements with {code.shared} different '
                f'ones each at most, got {code.rows} rows')
    return replace(code, streams=tuple(
        StreamCode(CoderKind(reader.varint(max(CoderKind))), reader.varint(MAX_MODELS - 1))
        for _ in code.stream_sizes
    ))


def _read_sparse(reader: ByteReader, code: TensorCode) -> TensorCode:
    zero, entries = reader.varint(ALPHABET - 1), reader.varint(code.count)
    require(zero < code.shared, f'layout: expected a zero among {code.shared} shared weights')
    order = reader.varint(len(ORDERS) - 1)
    if not order:
        return replace(code, zero=zero, entries=entries)
    shape = (reader.varint(code.count), reader.varint(code.count), reader.varint(code.count))
    require(math.prod(shape) == code.count,
            f'layout: expected a shape of {code.count} elements, got {shape}')
    return replace(code, zero=zero, entries=entries, order=order, shape=shape)


def restore(
    code: TensorCode, codebook: npt.NDArray[np.uint8], streams: Sequence[Symbols],
    out: npt.NDArray[np.uint8],
) -> None:
    """Write the tensor's bytes to out, (size,); raises ModelError for impossible symbols."""
    if code.kind is Kind.PLANES:
        for plane, symbols in enumerate(streams):
            out[plane::code.width] = symbols
        return
    # The bytes of an element, per row: out need not be aligned for wider elements.
    rows, elements = codebook.reshape(-1, code.width), out.reshape(-1, code.width)
    highest = int(streams[0].max(initial=0))
    require(highest < code.shared,
            f'codebook: expected indices below {code.shared}, got {highest}')
    if code.kind is Kind.ROWS:
        books = rows.reshape(code.rows, code.shared, code.width)
        for row, book, indices in zip(elements.reshape(code.rows, -1, code.width), books,
                                      streams[0].reshape(code.rows, -1)):
            row[:] = book[indices]
    elif code.kind is Kind.SHARED:
        for start in range(0, code.count, CHUNK):
            elements[start:start + CHUNK] = rows[streams[0][start:start + CHUNK]]
    elif code.order == 0:
        _scatter(code, rows, streams, elements)
    else:
        axes = ORDERS[code.order]
        read = np.empty_like(elements)
        _scatter(code, rows, streams, read)
        placed = elements.reshape(*code.shape, code.width).transpose(*axes, 3)
        placed[:] = read.reshape(placed.shape)


def _scatter(
    code: TensorCode, rows: npt.NDArray[np.uint8], streams: Sequence[Symbols],
    elements: npt.NDArray[np.uint8],
) -> None:
    """Write zeros, and the stored entries in their places; in the order of reading."""
    elements[:] = rows[code.zero]
    reached = 0
    for start in range(0, code.entries, CHUNK):
        part = slice(start, start + CHUNK)
        positions = sparse.decode_gaps(streams[1][part], code.count - reached)
        elements[reached + positions] = rows[streams[0][part]]
        reached += int(positions[-1]) + 1
