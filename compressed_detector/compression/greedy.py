# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Exactly greedy removal of weights: always the one that costs least once the others are adapted.

Frantar and Alistarh, Optimal Brain Compression, NeurIPS 2022, algorithm 1 (ExactOBS): when a
weight is gone, one step of Gaussian elimination takes it out of the inverse Hessian as well.
"""

from __future__ import annotations

import numpy as np

from compressed_detector.compression.forms import Mask
from compressed_detector.compression.moments import Doubles
from compressed_detector.detection.types import Indices

# Elements of inverse Hessians that are worked on together: they fit into a processor's cache.
TOGETHER = 2 ** 17


def removals(kernel: Doubles, inverted: Doubles, first: Mask) -> tuple[Indices, Doubles]:
    """
    Return every output channel's inputs in the order of removal, and what each removal costs.

    Both (outputs, n), for a kernel (n, outputs) and the inverse Hessian (n, n). Weights that are
    ``first`` go before all others and cost nothing.
    """
    inputs, outputs = kernel.shape
    together = max(1, TOGETHER // inputs ** 2)
    parts = [
        _removals(kernel[:, part].T.copy(), inverted, first[:, part].T)
        for part in (slice(start, start + together) for start in range(0, outputs, together))
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _removals(weights: Doubles, inverted: Doubles, first: Mask) -> tuple[Indices, Doubles]:
    outputs, inputs = weights.shape
    order, costs = np.empty((outputs, inputs), np.intp), np.empty((outputs, inputs))
    alive, rows = np.ones(weights.shape, bool), np.arange(outputs)
    # The inverse Hessian of what is left is inverted minus the products of these with themselves.
    columns = np.empty((outputs, inputs, inputs))
    diagonal = np.repeat(np.diag(inverted)[None], outputs, axis=0)
    for step in range(inputs):
        left = np.where(alive, diagonal, 1)
        price = np.where(first, 0, weights ** 2 / (2 * left))
        ranked = np.where(alive, np.where(first, -1, price), np.inf)
        gone = ranked.argmin(axis=1)
        order[:, step], costs[:, step] = gone, price[rows, gone]
        before = columns[:, :step]
        column = inverted[gone] - (before[rows, :, gone][:, None] @ before)[:, 0]
        column /= np.sqrt(left[rows, gone])[:, None]
        weights -= column * (weights[rows, gone] / np.sqrt(left[rows, gone]))[:, None]
        columns[:, step] = column
        diagonal -= column ** 2
        alive[rows, gone] = False
    return order, costs


def cheapest_removals(order: Indices, costs: Doubles, count: int) -> Mask:
    """
    Return the mask (n, outputs) of the ``count`` removals that cost least.

    Of all channels the cheapest next one comes first; a channel's own come in their order.
    """
    outputs, inputs = order.shape
    # A removal waits for all those before it in its channel: the dearest of them decides.
    dearest = np.maximum.accumulate(costs, axis=1).reshape(-1)
    chosen = np.argsort(dearest, kind='stable')[:count]
    mask = np.zeros((inputs, outputs), bool)
    mask[order.reshape(-1)[chosen], chosen // inputs] = True
    return mask
