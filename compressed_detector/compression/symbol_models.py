# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which coder and which model a stream of symbols is coded with: the smallest, model included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.coding import huffman, rans
from compressed_detector.detection.coding.lanes import ALPHABET, MAX_MODELS, Symbols
from compressed_detector.detection.coding.tensors import UNSIGNED, CoderKind, StreamCode

# The most that one tensor has: a stream per byte of its elements.
MAX_STREAMS = max(UNSIGNED)
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Offer:
    """What a stream would take, in bits, with a model of the pool or with a new one."""

    bits: float
    coder: CoderKind
    model: int = 0
    new: npt.NDArray[Any] | None = None


class ModelPool:
    """The models of both coders, which streams may share."""

    def __init__(self) -> None:
        self._tables: dict[CoderKind, list[npt.NDArray[Any]]] = {kind: [] for kind in CoderKind}
        self._costs: dict[CoderKind, list[npt.NDArray[Any]]] = {kind: [] for kind in CoderKind}
        # For what cannot be compressed, such as the lower bytes of floats; it packs to little.
        self.accept(Offer(0, CoderKind.RANS, new=rans.frequencies([1] * ALPHABET)))

    def offer(self, symbols: Symbols) -> Offer:
        """Return the cheapest way to code the symbols, one at least."""
        counts = np.bincount(symbols, minlength=ALPHABET)
        used = np.flatnonzero(counts)
        offers = [self._new(kind, counts, used) for kind in CoderKind]
        for kind, costs in self._costs.items():
            if costs:
                bits = np.stack(costs)[:, used] @ counts[used]
                offers.append(Offer(float(bits.min()), kind, int(bits.argmin())))
        return min(offers, key=lambda offer: offer.bits)

    def _new(self, kind: CoderKind, counts: Counts, used: Counts) -> Offer:
        if len(self._tables[kind]) > MAX_MODELS - MAX_STREAMS:
            return Offer(np.inf, kind)
        # A byte for the alphabet and four bits for each symbol of it, before zlib.
        model_bits = 8 + 4 * (int(used[-1]) + 1)
        table: npt.NDArray[Any]
        if kind is CoderKind.HUFFMAN:
            table = huffman.code_lengths(counts)
        else:
            table = rans.frequencies(counts)
            model_bits += int(np.log2(table[used]).astype(np.int64).sum())
        bits = float(_cost(kind, table)[used] @ counts[used])
        return Offer(bits + model_bits, kind, new=table)

    def accept(self, offer: Offer) -> StreamCode:
        """Add the model of an offer, if it is new, and return how to find it."""
        if offer.new is None:
            return StreamCode(offer.coder, offer.model)
        # Not known before: other streams of the tensor may have been offered a new one, too.
        self._tables[offer.coder].append(offer.new)
        self._costs[offer.coder].append(_cost(offer.coder, offer.new))
        return StreamCode(offer.coder, len(self._tables[offer.coder]) - 1)

    def table(self, kind: CoderKind) -> npt.NDArray[Any]:
        """Return the models of a coder, (models, 256)."""
        return np.array(self._tables[kind], np.uint32).reshape(-1, ALPHABET)


def _cost(kind: CoderKind, table: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the bits of each symbol under a model, infinite where it has no code."""
    if kind is CoderKind.RANS:
        return rans.bits_of(table)
    return np.where(table == 0, np.inf, huffman.bits_of(table))
