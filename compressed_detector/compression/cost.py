# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a network costs: multiply-accumulates, parameters, memory for what is in between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from compressed_detector.compression.network import INPUT, Network


@dataclass(frozen=True)
class Cost:
    """
    Multiply-accumulates of all convolutions for one image, and the number of weights.

    ``nonzero`` of the weights are not zero. ``peak_activations`` is the largest number of values
    that have to be kept at once while the layers are computed in their order, each into memory
    of its own; times 4 bytes in float32, 1 in int8. A runtime may need more or less.
    """

    macs: int
    params: int
    nonzero: int
    peak_activations: int


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
        nonzero=sum(int(np.count_nonzero(array)) for array in network.weights.values()),
        peak_activations=_peak_activations(network, input_size),
    )


def _peak_activations(network: Network, input_size: int) -> int:
    sizes = {name: math.prod(shape) for name, shape in network.shapes(input_size).items()}
    last_use = dict.fromkeys(network.outputs.values(), len(network.layers))
    for step, layer in enumerate(network.layers):
        for name in layer.inputs:
            last_use[name] = max(step, last_use.get(name, step))
    alive, peak = {INPUT}, 0
    for step, layer in enumerate(network.layers):
        alive.add(layer.name)
        peak = max(peak, sum(sizes[name] for name in alive))
        alive = {name for name in alive if last_use.get(name, -1) > step}
    return peak
