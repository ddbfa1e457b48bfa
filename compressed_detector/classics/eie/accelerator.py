# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How long EIE takes for a matrix and a vector: a model of its queues, and the paper's constants.

Han et al., EIE, ISCA 2016, sections IV and VI. Activations that are not zero are sent to all
processing elements, one a cycle, while every element has room in its queue. An element takes an
entry a cycle; of a column of which it has nothing it needs the pointers, which is a cycle as well.
Not in the model: filling the pipeline, and reading and writing activations between batches of
4096, which the paper overlaps or calls negligible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compressed_detector.classics.eie.encoding import Encoded
from compressed_detector.detection.coding.sparse import Positions
from compressed_detector.detection.types import Floats

ELEMENTS = 64
CLOCK_MHZ = 800
QUEUE_DEPTH = 8
# Table II: one processing element. With what finds nonzero activations, the abstract says 600 mW.
ELEMENT_MW = 9.157


@dataclass(frozen=True)
class Run:
    """
    One product on EIE, in cycles of its clock.

    ``ideal_cycles``: all entries of the columns that are read, dealt evenly: the paper's
    theoretical time. ``nonzero_cycles``: the same without filler zeros. ``cycles``: with the
    imbalance that queues leave.
    """

    elements: int
    nonzero_cycles: float
    ideal_cycles: float
    cycles: int

    @property
    def time_us(self) -> float:
        """Microseconds."""
        return self.cycles / CLOCK_MHZ

    @property
    def ideal_us(self) -> float:
        """Microseconds if no element ever waited."""
        return self.ideal_cycles / CLOCK_MHZ

    @property
    def nonzero_us(self) -> float:
        """Microseconds if no element ever waited and there were no filler zeros."""
        return self.nonzero_cycles / CLOCK_MHZ

    @property
    def load_balance(self) -> float:
        """The part of all cycles in which an element has an entry to work on (figure 8)."""
        return self.ideal_cycles / self.cycles if self.cycles else 1.0

    @property
    def energy_uj(self) -> float:
        """Microjoules: power times time, as in the paper."""
        return self.elements * ELEMENT_MW * 1e-3 * self.time_us


def run(encoded: Encoded, activations: Floats, depth: int = QUEUE_DEPTH) -> Run:
    """Return what a product with activations (columns,) takes, with queues of a depth."""
    active = activations != 0
    lengths = encoded.lengths[:, active]
    codes = encoded.entries & ((1 << encoded.code_bits) - 1)
    nonzero = np.concatenate([[0], np.cumsum(encoded.codebook[codes] != 0)])
    real = np.diff(nonzero[encoded.pointers]).reshape(encoded.lengths.shape)[:, active]
    return Run(encoded.elements, float(real.sum()) / encoded.elements,
               float(lengths.sum()) / encoded.elements, queued_cycles(lengths, depth))


def queued_cycles(lengths: Positions, depth: int) -> int:
    """
    Return when the last of the elements is ready with its last column, in cycles.

    ``lengths``: entries of each active column, (elements, active columns). An element works on one
    column, and up to ``depth`` wait in its queue.
    """
    work = np.maximum(lengths, 1).T
    starts = np.zeros((len(work), lengths.shape[0]), np.int64)
    ready = np.zeros(lengths.shape[0], np.int64)
    for number, cycles in enumerate(work):
        # That one is sent a cycle needs no saying: each takes every element a cycle at least.
        sent = starts[number - depth].max() if number >= depth else 0
        starts[number] = np.maximum(sent, ready)
        ready = starts[number] + cycles
    return int(ready.max(initial=0))
