# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Kernels on the grids of integers, rounded so that a layer's result changes least.

Rounding to nearest is best for each weight, not for their sum: here the weights still to come
make up for the errors of those before (Frantar, Ashkboos, Hoefler, Alistarh, GPTQ, ICLR 2023).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compressed_detector.compression.moments import Doubles, Moments
from compressed_detector.compression.network import Network
from compressed_detector.compression.refit import best_bias, matrix, ridge, with_weights
from compressed_detector.compression.surgeon import inverse
from compressed_detector.compression.sweep import factor, sweep

# Of the mean variance of the inputs: what pictures do not determine stays near the weights.
STRENGTH = 0.01


def round_kernels(network: Network, moments: Mapping[str, Moments], bits: int) -> Network:
    """
    Return the network with its kernels on grids of 2^bits - 1 values per output channel.

    ``moments`` are those of every convolution's inputs; the targets are what it should compute.
    Its bias becomes the best one for the rounded kernel.
    """
    arrays: dict[str, Doubles] = {}
    for conv in network.convolutions:
        exact, measured = matrix(network, conv), moments[conv.name]
        metric = ridge(measured, STRENGTH, exact).metric
        kernel = round_matrix(exact, metric, bits)
        arrays[conv.weight_name] = kernel.reshape(network.weights[conv.weight_name].shape)
        arrays[conv.bias_name] = best_bias(kernel, measured)
    return with_weights(network, arrays)


def round_matrix(kernel: Doubles, metric: Doubles, bits: int) -> Doubles:
    """
    Return the kernel (n, outputs) on its grid, with a small trace(change' metric change).

    The grid of a column reaches from minus to plus its largest magnitude, which stays: so it is
    the grid of the result as well.
    """
    largest = abs(kernel).argmax(axis=0)
    limits = abs(kernel).max(axis=0)
    steps = np.where(limits > 0, limits, 1) / (2 ** (bits - 1) - 1)
    ends = np.sign(kernel[largest, np.arange(kernel.shape[1])]) * limits

    def settle(row: int, values: Doubles) -> Doubles:
        rounded = np.clip(np.rint(values / steps) * steps, -limits, limits)
        return np.where(largest == row, ends, rounded)

    return sweep(kernel, factor(inverse(metric)), lambda rows, values: settle)
