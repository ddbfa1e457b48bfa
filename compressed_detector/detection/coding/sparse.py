# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Relative indices with filler zeros: where the nonzero weights of a pruned tensor are.

Han, Mao and Dally, Deep Compression, ICLR 2016, section 2 and figure 2. The tensor is read in the
order in which it lies in memory (row-major). A gap is the distance from one stored weight to the
next, 1 at least; the first is counted from position -1. It is stored as gap - 1 in so many bits; a
longer one is cut by filler zeros, each 2**bits further on. Zeros behind the last weight are not
stored: the tensor's size tells them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding.lanes import Symbols
from compressed_detector.detection.manifest import require

MAX_GAP_BITS = 8
Positions = npt.NDArray[np.int64]


def encode_gaps(positions: Positions, bits: int) -> tuple[Symbols, npt.NDArray[np.bool_]]:
    """Return gap - 1 of every entry, and which entries are fillers, both (entries,)."""
    steps = np.diff(positions, prepend=-1) - 1
    fillers = steps >> bits
    real = np.cumsum(fillers + 1) - 1
    entries = positions.size + int(fillers.sum())
    gaps = np.full(entries, (1 << bits) - 1, np.uint8)
    gaps[real] = steps & ((1 << bits) - 1)
    is_filler = np.ones(entries, np.bool_)
    is_filler[real] = False
    return gaps, is_filler


def decode_gaps(gaps: Symbols, size: int) -> Positions:
    """Return the positions of all entries; raises ModelError when one is not below size."""
    positions: Positions = np.cumsum(gaps.astype(np.int64) + 1) - 1
    last = int(positions[-1]) if positions.size else -1
    require(last < size, f'relative indices: expected positions below {size}, got {last}; the '
                         'archive is damaged: copy it again')
    return positions
