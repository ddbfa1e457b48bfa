# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Cross-layer equalization: channels scaled so that one grid suits all of them.

A channel divided by s where it is made, and multiplied by s where it is read, changes nothing as
long as all between is positively homogeneous: LeakyReLU, ReLU, MaxPool, Concat, ResizeLike, and
Add if both of its inputs are scaled alike (Nagel, van Baalen, Blankevoort, Welling: Data-Free
Quantization Through Weight Equalization and Bias Correction, ICCV 2019, section 4.1).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from compressed_detector.compression.channels import Coupling, couple
from compressed_detector.compression.moments import Doubles
from compressed_detector.compression.network import Network
from compressed_detector.detection.types import Floats

PASSES = 100
# The logarithm of a scale that is none.
UNCHANGED = 1e-3


def equalize(network: Network) -> Network:
    """
    Return a network that computes the same, with channels of more equal weights.

    A channel's largest weight where it is made becomes the largest one where it is read (equation
    11); with several makers or readers, the largest of all counts. Layer by layer, until nothing
    changes. Channels of the image and of outputs stay as they are.
    """
    coupling = couple(network)
    for _ in range(PASSES):
        largest_change = 0.0
        for conv in network.convolutions:
            scales = _scales(network, coupling, conv.name)
            network = scaled(network, coupling, scales)
            largest_change = max(largest_change, float(abs(np.log(scales)).max()))
        if largest_change < UNCHANGED:
            break
    return network


def _scales(network: Network, coupling: Coupling, name: str) -> Doubles:
    """Return what to divide the sets of channels by, (sets,): not 1 only for those of a layer."""
    made, read = np.zeros(coupling.count), np.zeros(coupling.count)
    for conv in network.convolutions:
        kernel = abs(network.weights[conv.weight_name])
        np.maximum.at(made, coupling.sets[conv.name], kernel.max(axis=(0, 1, 2)))
        np.maximum.at(read, coupling.sets[conv.inputs[0]], kernel.max(axis=(0, 1, 3)))
    chosen = np.isin(np.arange(coupling.count), coupling.sets[name])
    chosen &= ~coupling.fixed & (made > 0) & (read > 0)
    ratio = np.divide(made, read, out=np.ones(coupling.count), where=chosen)
    scales: Doubles = np.sqrt(ratio)
    return scales


def scaled(network: Network, coupling: Coupling, scales: Doubles) -> Network:
    """Return the network with each set of channels divided by its positive scale, (sets,)."""
    weights: dict[str, Floats] = {}
    for conv in network.convolutions:
        made, read = scales[coupling.sets[conv.name]], scales[coupling.sets[conv.inputs[0]]]
        kernel, bias = network.weights[conv.weight_name], network.weights[conv.bias_name]
        weights[conv.weight_name] = (kernel * read[:, None] / made).astype(np.float32)
        weights[conv.bias_name] = (bias / made).astype(np.float32)
    return dataclasses.replace(network, weights=weights)
