# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which weights to keep, from their saliencies: pure decisions over arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compressed_detector.compression.forms import Mask
from compressed_detector.compression.moments import Doubles
from compressed_detector.errors import CompressionError


def densities(steps: int, final: float) -> tuple[float, ...]:
    """
    Return the density after each pruning step, falling to ``final`` quickly at first.

    The cubic schedule of Zhu and Gupta, To Prune, or Not to Prune, 2017, equation 1: with the
    final sparsity s, after step t of n it is s (1 - (1 - t / n)^3).
    """
    _check_density(final)
    if steps < 1:
        raise CompressionError(f'expected at least one pruning step, got {steps}')
    left = 1 - np.arange(1, steps + 1) / steps
    return tuple((1 - (1 - final) * (1 - left ** 3)).tolist())


def keep_largest(saliency: Doubles, count: int, kept: Mask | None = None) -> Mask:
    """
    Return the mask of the ``count`` weights that matter most, the first ones where they tie.

    Of ``kept`` weights only, if given: removed ones do not come back, even where that leaves
    fewer.
    """
    ranked = saliency.reshape(-1).astype(np.float64)
    if kept is not None:
        ranked = np.where(kept.reshape(-1), ranked, -1)
        count = min(count, int(np.count_nonzero(kept)))
    mask = np.zeros(ranked.size, bool)
    mask[np.argsort(-ranked, kind='stable')[:count]] = True
    return mask.reshape(saliency.shape)


def counts_per_layer(sizes: Mapping[str, int], density: float) -> dict[str, int]:
    """Return how many weights arrays of these sizes keep when all have the same density."""
    _check_density(density)
    return {name: _rounded(density * size) for name, size in sizes.items()}


def counts_overall(saliencies: Mapping[str, Doubles], density: float) -> dict[str, int]:
    """Return how many weights each array keeps when one threshold rules all of them."""
    _check_density(density)
    if not saliencies:
        return {}
    together = np.concatenate([values.reshape(-1) for values in saliencies.values()])
    mask = keep_largest(together, _rounded(density * together.size))
    ends = np.cumsum([values.size for values in saliencies.values()])
    parts = np.split(mask, ends[:-1])
    return {name: int(np.count_nonzero(part)) for name, part in zip(saliencies, parts)}


def keep_n_of_m(saliency: Doubles, kept: int, group: int) -> Mask:
    """
    Return the mask that keeps the ``kept`` best of every ``group`` input channels in a row.

    ``saliency`` is (k, k, channels in, channels out). Mishra et al., Accelerating Sparse Deep
    Neural Networks, 2021. Raises CompressionError when the groups do not come out even.
    """
    rows, columns, inputs, outputs = saliency.shape
    if inputs % group or not 0 < kept <= group:
        raise CompressionError(
            f'expected input channels in groups of {group} of which 1 to {group} are kept, '
            f'got {inputs} channels and {kept} kept'
        )
    grouped = saliency.reshape(rows, columns, inputs // group, group, outputs)
    order = np.argsort(-grouped, axis=3, kind='stable')
    mask = np.zeros(grouped.shape, bool)
    np.put_along_axis(mask, order[:, :, :, :kept], True, axis=3)
    return mask.reshape(saliency.shape)


def _rounded(count: float) -> int:
    return max(1, round(count))


def _check_density(density: float) -> None:
    if not 0 < density <= 1:
        raise CompressionError(f'expected a density above 0 and up to 1, got {density}')
