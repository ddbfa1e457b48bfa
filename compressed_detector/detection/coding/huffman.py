# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Canonical Huffman codes of limited length, decoded by table in many lanes at once.

D. A. Huffman, A Method for the Construction of Minimum-Redundancy Codes, 1952; the limit by
package-merge, Larmore and Hirschberg, A Fast Algorithm for Optimal Length-Limited Huffman Codes,
1990. A canonical code is given by the lengths alone: codes of one length follow each other in the
order of their symbols, and shorter ones come first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding.lanes import ALPHABET, Lanes, ModelIds, Symbols
from compressed_detector.detection.coding.reader import ByteReader, varint
from compressed_detector.detection.manifest import require

# The table of a code has 2**12 rows, which stay in a small processor's cache.
MAX_BITS = 12
TABLE = 1 << MAX_BITS
# The length that stands for: the only symbol there is, which takes no bits.
ALONE = 15
Lengths = npt.NDArray[np.uint8]
Counts = Sequence[int] | npt.NDArray[np.int64]
# A weight, and the symbols that get one bit longer when it is chosen.
Package = tuple[int, tuple[int, ...]]


def code_lengths(counts: Counts, max_bits: int = MAX_BITS) -> Lengths:
    """
    Return the bits (len(counts),) of the shortest code: 0 for what does not occur.

    A symbol that is alone gets ALONE. ``2**max_bits`` symbols at most.
    """
    lengths = np.zeros(len(counts), np.uint8)
    symbols: list[Package] = sorted(
        (int(count), (symbol,)) for symbol, count in enumerate(counts) if count
    )
    assert len(symbols) <= 1 << max_bits, 'more symbols than codes'
    if len(symbols) == 1:
        lengths[symbols[0][1]] = ALONE
        return lengths
    packages = symbols
    for _ in range(max_bits - 1):
        pairs = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(packages[::2], packages[1::2])]
        packages = sorted(symbols + pairs, key=lambda package: package[0])
    for _, members in packages[:max(2 * len(symbols) - 2, 0)]:
        np.add.at(lengths, list(members), 1)
    return lengths


def bits_of(lengths: Lengths) -> npt.NDArray[np.int64]:
    """Return the bits that each symbol takes."""
    return np.where(lengths == ALONE, 0, lengths).astype(np.int64)


class HuffmanCoder:
    """
    The codes of all models; ``lengths`` is (models, 256).

    Raises ModelError unless every code uses up its space exactly (Kraft's sum is 1).
    """

    def __init__(self, lengths: Lengths) -> None:
        for model, row in enumerate(lengths):
            _require_complete(model, row)
        self.models = len(lengths)
        self._bits = bits_of(lengths)
        # In canonical order a code's symbols fill the table from its start to its end.
        order = np.argsort(np.where(lengths == 0, ALONE + 1, self._bits), axis=1, kind='stable')
        ordered = np.take_along_axis(self._bits, order, axis=1)
        present = np.take_along_axis(lengths, order, axis=1) > 0
        spans = np.where(present, TABLE >> ordered, 0)
        starts = np.cumsum(spans, axis=1) - spans
        self._symbols = np.repeat(order.astype(np.uint8), spans.reshape(-1))
        self._table_bits = np.repeat(ordered.astype(np.uint8), spans.reshape(-1))
        self._codes = np.zeros_like(self._bits)
        np.put_along_axis(self._codes, order, starts >> (MAX_BITS - ordered), axis=1)

    def encode_block(self, symbols: Symbols, models: ModelIds) -> bytes:
        """Return the length of each lane in bits, then the codes, the first bit the highest."""
        lanes = Lanes(symbols.size)
        bits, codes = self._bits[models, symbols], self._codes[models, symbols]
        ends = np.cumsum(bits)
        stream = np.zeros(int(ends[-1]), np.uint8)
        for depth in range(1, MAX_BITS + 1):
            long_enough = np.flatnonzero(bits >= depth)
            stream[ends[long_enough] - depth] = codes[long_enough] >> (depth - 1) & 1
        lane_bits = np.add.reduceat(bits, np.arange(lanes.count) * lanes.length)
        return b''.join(varint(int(size)) for size in lane_bits) + np.packbits(stream).tobytes()

    def decode_block(self, data: bytes, models: ModelIds) -> Symbols:
        """Return the symbols; raises ModelError unless every lane ends where it should."""
        lanes = Lanes(models.size)
        reader = ByteReader(data, 'Huffman codes')
        sizes = [reader.varint(lanes.length * MAX_BITS) for _ in range(lanes.count)]
        ends = np.cumsum(sizes, dtype=np.int64)
        windows = _windows(reader.take(-(-int(ends[-1]) // 8)))
        reader.finish()
        positions, ids = ends - sizes, lanes.split(models)
        rows = np.zeros(ids.shape, np.uint8)
        for step, row in enumerate(ids):
            active = lanes.active(step)
            at = positions[:active]
            bits = windows.take(at >> 3, mode='clip') >> (MAX_BITS - (at & 7)) & (TABLE - 1)
            key = (row[:active].astype(np.int64) << MAX_BITS) + bits
            rows[step, :active] = self._symbols[key]
            at += self._table_bits[key]
        require(bool((positions == ends).all()), 'Huffman codes: a lane does not end where it '
                'should; the archive is damaged: copy it again')
        return lanes.join(rows)


def _windows(data: bytes) -> npt.NDArray[np.int32]:
    """Return the 24 bits that start at each byte, with zeros behind the end."""
    padded = np.frombuffer(data + bytes(3), np.uint8).astype(np.int32)
    return padded[:-2] << 16 | padded[1:-1] << 8 | padded[2:]


def _require_complete(model: int, lengths: Lengths) -> None:
    used = lengths[lengths > 0]
    alone = bool((used == ALONE).any())
    known = used.size == 1 if alone else bool((used <= MAX_BITS).all())
    space = sum(TABLE >> int(bits) for bits in used)
    require(known and (alone or space == TABLE),
            f'Huffman code {model}: expected lengths up to {MAX_BITS} that use up the code space '
            f'of {TABLE}, got {used.size} lengths that use {space}')


assert ALPHABET <= TABLE
