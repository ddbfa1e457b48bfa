# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Codebooks for numbers: k-means in one dimension, exact about every step and quick.

Over sorted numbers a cluster is a range, so that its sums are differences of prefix sums: a round
of Lloyd's algorithm costs a few searches, whatever the number of weights.
"""

from __future__ import annotations

import numpy as np

from compressed_detector.compression.moments import Doubles
from compressed_detector.errors import CompressionError

STARTS = ('linear', 'density', 'forgy')
# It ends by itself, for numbers of this kind after some hundred rounds; a bound all the same.
MAX_ROUNDS = 10000


def start_codebook(values: Doubles, entries: int, start: str, seed: int = 0) -> Doubles:
    """
    Return (entries,) numbers in ascending order to begin k-means with.

    As in Han, Mao, Dally, Deep Compression, ICLR 2016, section 3.2: ``linear`` between the
    extremes, which the paper finds best since large weights matter; ``density`` at even steps of
    the distribution; ``forgy`` some of the numbers themselves, chosen by the seed.
    """
    if start == 'linear':
        return np.linspace(values.min(), values.max(), entries)
    if start == 'density':
        return np.quantile(values, (np.arange(entries) + 0.5) / entries)
    if start == 'forgy':
        chosen = np.random.default_rng(seed).choice(values, entries, replace=False)
        return np.sort(chosen)
    raise CompressionError(f'expected a start among {", ".join(STARTS)}, got {start!r}')


def k_means(values: Doubles, start: Doubles, importance: Doubles | None = None) -> Doubles:
    """
    Return the codebook that Lloyd's algorithm ends at, ascending; entries nothing uses are gone.

    ``values`` (n,) in any order; ``start`` ascending. The sum of ``importance`` (n,) times the
    squared distance falls until each entry is the weighted mean of the values that are nearest
    to it. With second derivatives for importance this is Hessian-weighted k-means (Choi, El-Khamy,
    Lee, Towards the Limit of Network Quantization, ICLR 2017, section 3.3).
    """
    order = np.argsort(values, kind='stable')
    ordered = values[order]
    weights = np.ones(values.size) if importance is None else importance[order]
    mass, moment = (np.concatenate([[0.0], np.cumsum(part)])
                    for part in (weights, weights * ordered))
    book = start
    for _ in range(MAX_ROUNDS):
        edges = np.concatenate([[0], np.searchsorted(ordered, cuts(book)), [values.size]])
        within, total = np.diff(mass[edges]), np.diff(moment[edges])
        moved = np.where(within > 0, total / np.where(within > 0, within, 1), book)
        if np.array_equal(moved, book):
            break
        book = np.sort(moved)  # rounding may swap neighbours that are almost equal
    return np.unique(book[np.diff(edges) > 0])


def cuts(book: Doubles) -> Doubles:
    """Return the midpoints of an ascending codebook: between them each entry is the nearest."""
    middle: Doubles = (book[1:] + book[:-1]) / 2
    return middle


def nearest(values: Doubles, book: Doubles) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the index of the nearest of up to 256 ascending entries, of the values' shape."""
    return np.searchsorted(cuts(book), values).astype(np.uint8)
