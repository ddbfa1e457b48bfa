# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Heads that tell fewer classes apart: their last convolutions lose the others' channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from compressed_detector.compression.network import Network


def keep_classes(network: Network, kept: Sequence[int], classes: int) -> Network:
    """
    Return the network with only these of its classes, in the given order.

    Every output is computed by a convolution of its own, whose first ``classes`` channels are the
    logits of the classes; the others stay.
    """
    weights = dict(network.weights)
    producers = set(network.outputs.values())
    for conv in network.convolutions:
        if conv.name in producers:
            channels = weights[conv.bias_name].size
            chosen = np.r_[np.asarray(kept, np.intp), classes:channels]
            weights[conv.weight_name] = weights[conv.weight_name][..., chosen]
            weights[conv.bias_name] = weights[conv.bias_name][chosen]
    return dataclasses.replace(network, weights=weights)
