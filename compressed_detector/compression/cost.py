# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a network costs: multiply-accumulates, parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass

from compressed_detector.compression.network import Network


@dataclass(frozen=True)
class Cost:
    """Multiply-accumulates of all convolutions for one image, and the number of weights."""

    macs: int
    params: int


def layer_macs(network: Network, input_size: int) -> dict[str, int]:
    """Return the multiply-accumulates of every convolution, by name, for one square image."""
    shapes = network.shapes(input_size)
    return {
        conv.name: math.prod(shapes[conv.name][:2]) * network.weights[conv.weight_name].size
        for conv in network.convolutions
    }


def cost(network: Network, input_size: int) -> Cost:
    """Return the cost of a network for one image of input_size x input_size pixels."""
    return Cost(
        macs=sum(layer_macs(network, input_size).values()),
        params=sum(array.size for array in network.weights.values()),
    )
