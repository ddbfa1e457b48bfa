# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a product of a matrix and one vector takes, dense and in EIE's form: by counting.

Dense, every weight is read once. Compressed, what is read are the pointers and entries of columns
whose activation is not zero. Weights of the dense matrix, activations and results are float32 in
both: what differs is the form of the weights alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compressed_detector.benchmark.energy import DRAM_PJ, MAC_PJ, SRAM_PJ
from compressed_detector.classics.eie.encoding import Encoded
from compressed_detector.detection.types import Floats

FLOAT_BYTES = 4


@dataclass(frozen=True)
class Counts:
    """
    Multiply-adds, and bytes read or written, for one product.

    ``stored_bytes`` is all of the matrix, ``weight_bytes`` what is read of it.
    """

    macs: int
    stored_bytes: int
    weight_bytes: float
    pointer_bytes: int
    activation_bytes: int
    result_bytes: int

    @property
    def moved_bytes(self) -> float:
        """All that is read or written."""
        return (self.weight_bytes + self.pointer_bytes + self.activation_bytes
                + self.result_bytes)

    @property
    def dram_uj(self) -> float:
        """Microjoules when all of it comes from DRAM, by the paper's table I (45 nm)."""
        return self._energy_uj(DRAM_PJ)

    @property
    def sram_uj(self) -> float:
        """Microjoules when all of it is in on-chip memory, which has to be large enough."""
        return self._energy_uj(SRAM_PJ)

    def _energy_uj(self, byte_pj: float) -> float:
        return (self.macs * MAC_PJ['float32'] + self.moved_bytes * byte_pj) * 1e-6


def dense_counts(matrix: Floats) -> Counts:
    """Count for a dense matrix (rows, columns) of float32."""
    rows, columns = matrix.shape
    stored = matrix.size * FLOAT_BYTES
    return Counts(matrix.size, stored, stored, 0, columns * FLOAT_BYTES, rows * FLOAT_BYTES)


def compressed_counts(encoded: Encoded, activations: Floats) -> Counts:
    """Count for a matrix in EIE's form and activations (columns,); fillers are multiplied too."""
    rows, columns = encoded.shape
    active = activations != 0
    read = int(encoded.lengths[:, active].sum())
    # Where a column begins and where it ends.
    pointers = 2 * encoded.elements * int(active.sum())
    return Counts(
        macs=read,
        stored_bytes=stored_bytes(encoded),
        weight_bytes=read * _entry_bits(encoded) / 8,
        pointer_bytes=pointers * pointer_bytes(encoded),
        activation_bytes=columns * FLOAT_BYTES,
        result_bytes=rows * FLOAT_BYTES,
    )


def stored_bytes(encoded: Encoded) -> int:
    """Return the bytes of entries, pointers and codebook, without gaps between the bits."""
    entries = -(-encoded.entries.size * _entry_bits(encoded) // 8)
    pointers = encoded.elements * (encoded.shape[1] + 1) * pointer_bytes(encoded)
    return entries + pointers + encoded.codebook.size * FLOAT_BYTES


def pointer_bytes(encoded: Encoded) -> int:
    """Return the bytes of a pointer into one element's entries: 2 as in EIE, or 4."""
    most = int(encoded.lengths.sum(axis=1).max(initial=0))
    return 2 if most <= np.iinfo(np.uint16).max else 4


def _entry_bits(encoded: Encoded) -> int:
    return encoded.code_bits + encoded.gap_bits
