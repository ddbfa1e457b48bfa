# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What the coders know of their symbols, packed: code lengths and probabilities.

Both are mostly their magnitude: a code length, or the number of bits of a probability, is four
bits per symbol; the bits of a probability below its highest follow, all in one sequence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding.huffman import Lengths
from compressed_detector.detection.coding.lanes import ALPHABET, MAX_MODELS
from compressed_detector.detection.coding.rans import PRECISION, Frequencies
from compressed_detector.detection.coding.reader import ByteReader, deflated, inflated, varint

MAX_BYTES = 9 + MAX_MODELS * (1 + ALPHABET // 2 + ALPHABET * PRECISION // 8)
Nibbles = npt.NDArray[np.uint8]


def pack_lengths(lengths: Lengths) -> bytes:
    """Return the code lengths (models, 256), up to 15."""
    return deflated(_pack_nibbles(lengths))


def unpack_lengths(data: bytes) -> Lengths:
    """Return the code lengths (models, 256); raises ModelError."""
    reader = ByteReader(inflated(data, MAX_BYTES, 'code lengths'), 'code lengths')
    lengths = _unpack_nibbles(reader)
    reader.finish()
    return lengths


def pack_parts(parts: Frequencies) -> bytes:
    """Return the probabilities (models, 256), below 2**15."""
    magnitudes = _bit_lengths(parts)
    owners, depths = _low_bits(magnitudes)
    low = parts.reshape(-1)[owners] >> depths & 1
    return deflated(_pack_nibbles(magnitudes) + np.packbits(low.astype(np.uint8)).tobytes())


def unpack_parts(data: bytes) -> Frequencies:
    """Return the probabilities (models, 256); raises ModelError."""
    reader = ByteReader(inflated(data, MAX_BYTES, 'probabilities'), 'probabilities')
    magnitudes = _unpack_nibbles(reader)
    owners, depths = _low_bits(magnitudes)
    packed = np.frombuffer(reader.take(-(-owners.size // 8)), np.uint8)
    reader.finish()
    low = np.unpackbits(packed, count=owners.size).astype(np.uint32) << depths
    parts = np.where(magnitudes > 0, 1 << np.maximum(magnitudes, 1).astype(np.uint32) - 1, 0)
    flat = parts.astype(np.uint32).reshape(-1)
    np.add.at(flat, owners, low)
    return flat.reshape(parts.shape)


def _bit_lengths(parts: Frequencies) -> Nibbles:
    return np.ceil(np.log2(parts.astype(np.float64) + 1)).astype(np.uint8)


def _low_bits(magnitudes: Nibbles) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Return which entry each low bit belongs to, and its place in it, the highest first."""
    sizes = np.maximum(magnitudes.reshape(-1).astype(np.int64), 1) - 1
    owners = np.repeat(np.arange(sizes.size), sizes)
    ends = np.cumsum(sizes)
    return owners, (ends[owners] - 1 - np.arange(owners.size)).astype(np.uint32)


def _pack_nibbles(values: Nibbles) -> bytes:
    last = [int(np.flatnonzero(row).max(initial=0)) for row in values]
    used = [row[:size + 1] for row, size in zip(values, last)]
    flat = np.concatenate([*used, np.zeros(1, np.uint8)]).astype(np.uint8)
    pairs = flat[:flat.size // 2 * 2].reshape(-1, 2)
    return varint(len(last)) + bytes(last) + (pairs[:, 0] << 4 | pairs[:, 1]).tobytes()


def _unpack_nibbles(reader: ByteReader) -> Nibbles:
    models = reader.varint(MAX_MODELS)
    sizes = np.frombuffer(reader.take(models), np.uint8).astype(np.int64) + 1
    total = int(sizes.sum())
    packed = np.frombuffer(reader.take((total + 1) // 2), np.uint8)
    flat = np.stack([packed >> 4, packed & 15], axis=1).reshape(-1)
    values = np.zeros((models, ALPHABET), np.uint8)
    values[np.arange(ALPHABET) < sizes[:, None]] = flat[:total]
    return values
