# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
An estimate of what one inference takes, from counts: not a measurement of this machine.

Energies of operations and of memory in 45 nm: Han et al., EIE, ISCA 2016, table I, which has them
from Horowitz, Computing's energy problem, ISSCC 2014, where those of 8 bits are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compressed_detector.benchmark.operations import Operation

# Picojoules of a multiplication and an addition. Products of integers are summed in 32 bits; for
# products of 16 bits there is no figure: they are counted as those of 32.
MAC_PJ = {'float32': 3.7 + 0.9, 'int16': 3.1 + 0.1, 'int8': 0.2 + 0.1}
# Picojoules for a byte, a quarter of those for 32 bits.
SRAM_PJ, DRAM_PJ = 5 / 4, 640 / 4


@dataclass(frozen=True)
class Energy:
    """
    Millijoules for one image, in three parts.

    ``dram_mj``: constants, the image and the results come from or go to DRAM, once. ``sram_mj``:
    all that is between stays in on-chip memory. On a chip whose memory is too small for that,
    ``all_dram_mj`` is the energy of the memory, in place of both.
    """

    arithmetic_mj: float
    sram_mj: float
    dram_mj: float
    all_dram_mj: float

    @property
    def low_mj(self) -> float:
        """With all that is in between in on-chip memory."""
        return self.arithmetic_mj + self.sram_mj + self.dram_mj

    @property
    def high_mj(self) -> float:
        """With everything in DRAM."""
        return self.arithmetic_mj + self.all_dram_mj


def estimate(
    operations: Sequence[Operation], input_bytes: int, output_bytes: int
) -> Energy:
    """Return the estimate for a network that takes and returns so many bytes."""
    outside = sum(item.weight_bytes for item in operations) + input_bytes + output_bytes
    moved = sum(item.moved_bytes for item in operations)
    return Energy(
        arithmetic_mj=sum(item.macs * MAC_PJ[item.mac_type]
                          for item in operations if item.macs) * 1e-9,
        sram_mj=max(moved - outside, 0) * SRAM_PJ * 1e-9,
        dram_mj=outside * DRAM_PJ * 1e-9,
        all_dram_mj=moved * DRAM_PJ * 1e-9,
    )
