# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What became of every layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compressed_detector.compression.cost import layer_macs
from compressed_detector.compression.network import Network


@dataclass(frozen=True)
class LayerFacts:
    """
    One convolution after compression.

    ``macs_share`` is of all multiply-accumulates, ``density`` the share of weights that are not
    zero, ``bits`` the logarithm of how many different values these have.
    """

    name: str
    shape: tuple[int, ...]
    macs_share: float
    density: float
    bits: float

    @property
    def rank(self) -> int:
        """The largest rank that the kernel, as a matrix (k * k * in, out), can have."""
        return min(math.prod(self.shape[:3]), self.shape[3])


def anatomy(network: Network, input_size: int) -> Iterator[LayerFacts]:
    """Yield what every convolution is like, in the order of computation."""
    macs = layer_macs(network, input_size)
    total = sum(macs.values())
    for conv in network.convolutions:
        kernel = network.weights[conv.weight_name]
        kept = kernel[kernel != 0]
        yield LayerFacts(
            conv.name, kernel.shape, macs[conv.name] / total, kept.size / kernel.size,
            math.log2(max(len(np.unique(kept)), 1)),
        )
