# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The form in which EIE keeps a pruned matrix with shared weights: compressed sparse columns.

Han et al., EIE: Efficient Inference Engine on Compressed Deep Neural Network, ISCA 2016, sections
III-B and III-C. Rows are dealt to N processing elements, row i to element i modulo N. What an
element has of a column is stored as pairs: v, the index of a weight in the codebook, and z, how
many zeros of this element stand before it. A filler zero stands where z has too few bits for the
distance; it needs a zero in the codebook. Zeros behind the last weight of a column are not stored.
Pointers say where a column of an element begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding.sparse import (
    MAX_GAP_BITS,
    Positions,
    decode_gaps,
    encode_gaps,
)
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

CODE_BITS, GAP_BITS = 4, 4
MAX_CODE_BITS = 8
Entries = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Encoded:
    """
    A matrix of ``shape`` (rows, columns) dealt to so many processing elements.

    ``entries``: (entries,) z << code_bits | v, element by element and within it column by column;
    uint8 as in the paper when both fit, uint16 otherwise. ``pointers``: int64
    (elements * columns + 1,), where each column of each element begins, and the end.
    ``codebook``: float32, ascending. ``nonzeros``: how many entries are no fillers.
    """

    shape: tuple[int, int]
    elements: int
    code_bits: int
    gap_bits: int
    codebook: Floats
    entries: Entries
    pointers: Positions
    nonzeros: int

    @property
    def lengths(self) -> Positions:
        """The number of entries, fillers included, int64 (elements, columns)."""
        return np.diff(self.pointers).reshape(self.elements, self.shape[1])


def fitting_code_bits(matrix: Floats) -> int:
    """Return how many bits name each value of a matrix and zero, as many as in EIE at least."""
    values = np.unique(matrix[matrix != 0]).size + 1
    return max(CODE_BITS, math.ceil(math.log2(values)))


def encode(
    matrix: Floats, elements: int, code_bits: int = CODE_BITS, gap_bits: int = GAP_BITS
) -> Encoded:
    """
    Return a matrix (rows, columns) in EIE's form.

    Raises CompressionError when the codebook has not enough entries for the values other than
    zero, and for zero where there are fillers.
    """
    _check(matrix, elements, code_bits, gap_bits)
    rows, columns = matrix.shape
    height = -(-rows // elements)
    places = np.flatnonzero(_dealt(matrix != 0, elements))
    parts, local = np.divmod(places, height)
    gaps, fillers = encode_gaps(_laid_end_to_end(parts, local), gap_bits)
    real = np.flatnonzero(~fillers)
    owners = np.repeat(parts, np.diff(real, prepend=-1))
    lengths = np.bincount(owners, minlength=elements * columns)
    values = matrix[local * elements + parts // columns, parts % columns]
    codebook = np.unique(np.append(values, 0) if fillers.any() else values).astype(np.float32)
    _check_codebook(codebook, code_bits)
    weights = np.zeros(gaps.size, np.float32)
    weights[real] = values
    codes = np.searchsorted(codebook, weights)
    dtype = np.uint8 if code_bits + gap_bits <= 8 else np.uint16
    return Encoded(
        (rows, columns), elements, code_bits, gap_bits, codebook,
        (gaps.astype(np.int64) << code_bits | codes).astype(dtype),
        np.concatenate([[0], np.cumsum(lengths)]), real.size,
    )


def placed(encoded: Encoded) -> tuple[Positions, Positions, Floats]:
    """Return the row, the column and the weight of every entry, fillers included, (entries,)."""
    columns, elements = encoded.shape[1], encoded.elements
    gaps = (encoded.entries >> encoded.code_bits).astype(np.uint8)
    tape = decode_gaps(gaps, int(gaps.sum(dtype=np.int64)) + gaps.size)
    starts = encoded.pointers[:-1]
    parts = np.repeat(np.arange(starts.size), np.diff(encoded.pointers))
    before = np.concatenate([[-1], tape])[starts]
    local = tape - before[parts] - 1
    codes = encoded.entries & ((1 << encoded.code_bits) - 1)
    return local * elements + parts // columns, parts % columns, encoded.codebook[codes]


def decode(encoded: Encoded) -> Floats:
    """Return the matrix, float32 (rows, columns)."""
    matrix = np.zeros(encoded.shape, np.float32)
    rows, columns, weights = placed(encoded)
    matrix[rows, columns] = weights
    return matrix


def _dealt(kept: npt.NDArray[np.bool_], elements: int) -> npt.NDArray[np.bool_]:
    """Return (rows, columns) as (elements, columns, rows of an element), short ones filled up."""
    rows, columns = kept.shape
    height = -(-rows // elements)
    padded = np.zeros((height * elements, columns), np.bool_)
    padded[:rows] = kept
    return np.ascontiguousarray(padded.reshape(height, elements, columns).transpose(1, 2, 0))


def _laid_end_to_end(parts: Positions, local: Positions) -> Positions:
    """Return the positions on one tape on which each part ends with its last weight."""
    follows = np.diff(parts, prepend=-1) == 0
    steps = np.where(follows, np.diff(local, prepend=0), local + 1)
    return np.cumsum(steps) - 1


def _check(matrix: Floats, elements: int, code_bits: int, gap_bits: int) -> None:
    if matrix.ndim != 2 or matrix.dtype != np.float32:
        raise CompressionError('EIE: expected a matrix of float32 (rows, columns), got '
                               f'{matrix.dtype} {matrix.shape}')
    if elements < 1:
        raise CompressionError(f'EIE: expected a processing element at least, got {elements}')
    for name, bits, most in (('code_bits', code_bits, MAX_CODE_BITS),
                             ('gap_bits', gap_bits, MAX_GAP_BITS)):
        if not 1 <= bits <= most:
            raise CompressionError(f'EIE: {name}: expected 1 to {most}, got {bits}')


def _check_codebook(codebook: Floats, code_bits: int) -> None:
    if codebook.size > 1 << code_bits:
        zero = ', zero for fillers among them' if (codebook == 0).any() else ''
        raise CompressionError(
            f'EIE: expected at most {1 << code_bits} values for {code_bits} bits, got '
            f'{codebook.size}{zero}; share the weights among fewer values, or give more code_bits')
