# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Range asymmetric numeral systems: codes of a fraction of a bit, in many lanes at once.

J. Duda, Asymmetric numeral systems, 2013 (arXiv:1311.2540); lanes that share one sequence of
words: F. Giesen, Interleaved entropy coders, 2014 (arXiv:1402.3392). It compresses as well as a
range coder, and NumPy decodes it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding.huffman import Counts
from compressed_detector.detection.coding.lanes import ALPHABET, Lanes, ModelIds, Symbols
from compressed_detector.detection.manifest import require

PRECISION = 14
TOTAL = 1 << PRECISION
# A state lies in [LOW, 2**32); a word of 16 bits is moved whenever it would leave that range.
LOW = np.uint32(1 << 16)
WORD_BITS = np.uint32(16)
SHIFT = np.uint32(PRECISION)
MASK = np.uint32(TOTAL - 1)
Frequencies = npt.NDArray[np.uint32]


def frequencies(counts: Counts) -> Frequencies:
    """
    Return probabilities as parts of TOTAL: 0 for what does not occur, 1 at least for the rest.

    What rounding leaves over goes where it saves most bits, or costs fewest.
    """
    count = np.asarray(counts, np.float64)
    present = count > 0
    assert 0 < present.sum() <= TOTAL, 'expected symbols, and not more than there are parts'
    parts = np.where(present, np.maximum(np.rint(count * TOTAL / count.sum()), 1), 0)
    while parts.sum() != TOTAL:
        step = 1 if parts.sum() < TOTAL else -1
        possible = present & (parts + step > 0)
        gain = np.full(count.size, -np.inf)
        gain[possible] = count[possible] * np.log2((parts[possible] + step) / parts[possible])
        parts[np.argmax(gain)] += step
    return parts.astype(np.uint32)


def bits_of(parts: Frequencies) -> npt.NDArray[np.float64]:
    """Return the bits that each symbol takes; infinite for one that cannot be coded."""
    with np.errstate(divide='ignore'):
        return PRECISION - np.log2(parts.astype(np.float64))


class RansCoder:
    """
    The probabilities of all models; ``parts`` is (models, 256).

    Raises ModelError unless they sum up to TOTAL in every model.
    """

    def __init__(self, parts: Frequencies) -> None:
        for model, total in enumerate(parts.sum(axis=1)):
            require(int(total) == TOTAL, f'probabilities of model {model}: expected a sum of '
                    f'{TOTAL}, got {total}; the archive is damaged: copy it again')
        self.models = len(parts)
        self._parts = parts.reshape(-1)
        self._starts = (np.cumsum(parts, axis=1, dtype=np.uint32) - parts).reshape(-1)
        symbols = np.tile(np.arange(ALPHABET, dtype=np.uint8), len(parts))
        self._symbols = np.repeat(symbols, self._parts)

    def encode_block(self, symbols: Symbols, models: ModelIds) -> bytes:
        """Return the first state of each lane, then the words in the order of their reading."""
        lanes = Lanes(symbols.size)
        keys = lanes.split((models.astype(np.uint32) << np.uint32(8)) + symbols)
        state = np.full(lanes.count, LOW, np.uint64)
        words = []
        for step in reversed(range(lanes.length)):
            active = lanes.active(step)
            key = keys[step, :active]
            part = self._parts[key].astype(np.uint64)
            full = state[:active] >= part << np.uint64(32 - PRECISION)
            words.append(state[:active][full].astype(np.uint16))
            current = np.where(full, state[:active] >> np.uint64(WORD_BITS), state[:active])
            quotient, rest = np.divmod(current, part)
            state[:active] = (quotient << np.uint64(PRECISION)) + rest + self._starts[key]
        words.reverse()
        return state.astype('<u4').tobytes() + np.concatenate(words).astype('<u2').tobytes()

    def decode_block(self, data: bytes, models: ModelIds) -> Symbols:
        """Return the symbols; raises ModelError unless the states end where coding began."""
        lanes = Lanes(models.size)
        _require_intact(len(data) >= 4 * lanes.count and len(data) % 2 == 0)
        state = np.frombuffer(data, '<u4', lanes.count).astype(np.uint32)
        words = np.frombuffer(data, '<u2', offset=4 * lanes.count).astype(np.uint32)
        ids, read = lanes.split(models), 0
        rows = np.zeros(ids.shape, np.uint8)
        for step, row in enumerate(ids):
            active = lanes.active(step)
            read = self._step(state[:active], row[:active], rows[step, :active], words, read)
        _require_intact(read == words.size and bool((state == LOW).all()))
        return lanes.join(rows)

    def _step(
        self, state: npt.NDArray[np.uint32], models: ModelIds, out: Symbols,
        words: npt.NDArray[np.uint32], read: int,
    ) -> int:
        slot = state & MASK
        model = models.astype(np.uint32)
        out[:] = self._symbols[(model << SHIFT) + slot]
        key = (model << np.uint32(8)) + out
        state[:] = self._parts[key] * (state >> SHIFT) + slot - self._starts[key]
        hungry = np.flatnonzero(state < LOW)
        following = words[read:read + hungry.size]
        _require_intact(following.size == hungry.size)
        state[hungry] = state[hungry] << WORD_BITS | following
        return read + hungry.size


def _require_intact(condition: bool) -> None:
    require(condition, 'coded symbols: the states do not end where they should; the archive is '
                       'damaged: copy it again')
