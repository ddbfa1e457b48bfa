# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where the constants of a .tflite file lie: as much of the flatbuffer as that takes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from compressed_detector.errors import CompressionError

# The fields of the schema's tables (schema.fbs, version 3) by their position.
MODEL_SUBGRAPHS, MODEL_BUFFERS = 2, 4
SUBGRAPH_TENSORS = 0
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME = 0, 1, 2, 3
BUFFER_DATA = 0
# The bytes of an element by the schema's TensorType: float32, float16, int32, int64, int16,
# complex64, float64, complex128 (as pairs), uint64, uint32, uint16; of all others 1.
WIDTHS = {0: 4, 1: 2, 2: 4, 4: 8, 7: 2, 8: 4, 10: 8, 11: 8, 12: 8, 15: 4, 16: 2}


@dataclass(frozen=True)
class Constant:
    """A tensor whose ``size`` bytes stand in the file at ``offset``; elements of ``width``."""

    name: str
    shape: tuple[int, ...]
    offset: int
    size: int
    width: int


def constants(model: bytes) -> list[Constant]:
    """
    Return the constant tensors of a .tflite file in the order of their bytes, none twice.

    Raises CompressionError when the file is not a flatbuffer.
    """
    try:
        found = {constant.offset: constant for constant in _constants(model)}
    except (struct.error, UnicodeDecodeError, RecursionError) as error:
        raise CompressionError(f'expected a .tflite file, got a broken flatbuffer: {error}') from (
            error
        )
    ordered = [found[offset] for offset in sorted(found)]
    return [
        constant for constant, following in zip(ordered, [*ordered[1:], None])
        if following is None or constant.offset + constant.size <= following.offset
    ]


def _constants(model: bytes) -> Iterator[Constant]:
    root = _Table(model, _number(model, 0, '<I'))
    buffers = [buffer.vector(BUFFER_DATA, 1) for buffer in root.tables(MODEL_BUFFERS)]
    for subgraph in root.tables(MODEL_SUBGRAPHS):
        for tensor in subgraph.tables(SUBGRAPH_TENSORS):
            index = tensor.scalar(TENSOR_BUFFER, '<I')
            offset, size = buffers[index] if index < len(buffers) else (0, 0)
            if size:
                width = WIDTHS.get(tensor.scalar(TENSOR_TYPE, '<b'), 1)
                yield Constant(tensor.text(TENSOR_NAME), tensor.shape(TENSOR_SHAPE), offset, size,
                               width if size % width == 0 else 1)


@dataclass(frozen=True)
class _Table:
    """A table of a flatbuffer, whose bytes begin at ``start``."""

    data: bytes
    start: int

    def _field(self, field: int) -> int:
        """Return where a field stands, or 0 when it is left out."""
        vtable = self.start - _number(self.data, self.start, '<i')
        size = _number(self.data, vtable, '<H')
        entry = 4 + 2 * field
        offset = _number(self.data, vtable + entry, '<H') if entry + 2 <= size else 0
        return self.start + offset if offset else 0

    def scalar(self, field: int, form: str) -> int:
        """Return a number, 0 by default."""
        at = self._field(field)
        return _number(self.data, at, form) if at else 0

    def vector(self, field: int, element_bytes: int) -> tuple[int, int]:
        """Return where a vector's elements begin, and their number."""
        at = self._field(field)
        if not at:
            return 0, 0
        start = at + _number(self.data, at, '<I')
        count = _number(self.data, start, '<I')
        if start + 4 + count * element_bytes > len(self.data):
            raise struct.error(f'a vector of {count} elements runs over the end')
        return start + 4, count

    def tables(self, field: int) -> list[_Table]:
        """Return the tables of a vector of tables."""
        start, count = self.vector(field, 4)
        places = range(start, start + 4 * count, 4)
        return [_Table(self.data, at + _number(self.data, at, '<I')) for at in places]

    def shape(self, field: int) -> tuple[int, ...]:
        """Return a vector of 32-bit numbers."""
        start, count = self.vector(field, 4)
        return struct.unpack_from(f'<{count}i', self.data, start) if count else ()

    def text(self, field: int) -> str:
        """Return a string."""
        start, size = self.vector(field, 1)
        return self.data[start:start + size].decode('utf-8')


def _number(data: bytes, offset: int, form: str) -> int:
    if not 0 <= offset <= len(data):  # a negative one would count from the end
        raise struct.error(f'an offset of {offset} is outside')
    number: int = struct.unpack_from(form, data, offset)[0]
    return number
