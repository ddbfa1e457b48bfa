# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Weight sharing: a codebook for each kernel (Han, Mao, Dally, Deep Compression, ICLR 2016).

Removed weights stay zero and have no entry. Biases are never shared: they are few, and each of
them moves a whole channel.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from compressed_detector.compression.clustering import k_means, nearest, start_codebook
from compressed_detector.compression.forms import Form, Forms
from compressed_detector.compression.moments import Doubles
from compressed_detector.compression.network import Network
from compressed_detector.detection.types import Floats


def share(
    weights: Floats, form: Form, entries: int, start: str = 'linear',
    importance: Doubles | None = None, seed: int = 0,
) -> tuple[Floats, Form]:
    """
    Return weights that take at most ``entries`` (up to 256) values, and their form.

    ``importance`` weighs the squared errors and broadcasts to the weights. Weights that already
    have few enough values keep them.
    """
    kept = np.ones(weights.shape, bool) if form.mask is None else form.mask
    values = weights[kept].astype(np.float64)
    if values.size == 0:
        return weights, form
    book = np.unique(values)
    if book.size > entries:
        weighing = None if importance is None else np.broadcast_to(importance, kept.shape)[kept]
        book = k_means(values, start_codebook(values, entries, start, seed), weighing)
    return settle(weights, form, book)


def settle(weights: Floats, form: Form, book: Doubles) -> tuple[Floats, Form]:
    """Return the weights moved to the nearest entry of a codebook (ascending), and their form."""
    entries = np.unique(book.astype(np.float32))
    assignments = nearest(weights.astype(np.float64), entries.astype(np.float64))
    shared = dataclasses.replace(form, assignments=assignments)
    values = entries[assignments]
    mask = shared.mask
    return (values if mask is None else np.where(mask, values, np.float32(0))), shared


def share_network(
    network: Network, forms: Forms, names: Sequence[str], entries: int, start: str = 'linear',
    importance: Mapping[str, Doubles] | None = None, seed: int = 0,
) -> tuple[Network, dict[str, Form]]:
    """Return the network with the named arrays of weights shared, and the forms of all."""
    weights, shared = dict(network.weights), dict(forms)
    for name in names:
        weighing = None if importance is None else importance[name]
        weights[name], shared[name] = share(
            weights[name], forms.get(name, Form()), entries, start, weighing, seed)
    return dataclasses.replace(network, weights=weights), shared
