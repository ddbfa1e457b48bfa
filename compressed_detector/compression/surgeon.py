# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Optimal Brain Surgeon: remove weights, and have the others make up for it.

Hassibi and Stork, Second Order Derivatives for Network Pruning: Optimal Brain Surgeon, NeurIPS
1992, layer by layer (Dong, Chen, Pan, NeurIPS 2017). A layer is a matrix, kernel (n, outputs). Its
error is half the trace of (W - kernel)' metric (W - kernel), with the second moments of the
layer's inputs for ``metric`` (n, n), regularised so that it has an inverse (see refit.Fit). Every
output channel has this Hessian, so that one inverse serves them all.

Which weights go (see surgery):
- up to GREEDY_INPUTS inputs exactly greedy, one after the other, always the one that costs least
  after the others have been adapted (ExactOBS of Frantar and Alistarh, Optimal Brain Compression,
  NeurIPS 2022);
- beyond, where that takes hours, the same in blocks of BLOCK inputs, one block after the other.
How the others make up for it is then exact for any number of inputs (see compensate).
"""

from __future__ import annotations

import numpy as np

from compressed_detector.compression.forms import Mask
from compressed_detector.compression.greedy import cheapest_removals, removals
from compressed_detector.compression.masks import keep_largest
from compressed_detector.compression.moments import Doubles
from compressed_detector.compression.sweep import BLOCK, Settle, factor, sweep

GREEDY_INPUTS = 320


def inverse(metric: Doubles) -> Doubles:
    """Return the inverse of a symmetric positive definite matrix, symmetric to the last bit."""
    inverted = np.linalg.inv(metric)
    symmetric: Doubles = (inverted + inverted.T) / 2
    return symmetric


def surgeon_saliency(kernel: Doubles, inverted: Doubles) -> Doubles:
    """
    Return w^2 / (2 [H^-1]_ww), (n, outputs): the error of removing one weight, others adapted.

    Hassibi and Stork, equation 5.
    """
    cost: Doubles = kernel ** 2 / (2 * np.diag(inverted)[:, None])
    return cost


def compensate(kernel: Doubles, mask: Mask, metric: Doubles, inverted: Doubles) -> Doubles:
    """
    Return the kernel of the least error whose weights are zero where the mask is False.

    Per output channel it is w - H^-1[:, R] H^-1[R, R]^-1 w[R] with the removed weights R, which
    is Hassibi and Stork's equation 5 for all of them at once; or, the same from the other side,
    w[K] + H[K, K]^-1 H[K, R] w[R] with the kept ones K, whichever is the smaller system.
    """
    result = kernel.copy()
    for output in range(kernel.shape[1]):
        kept, removed = np.flatnonzero(mask[:, output]), np.flatnonzero(~mask[:, output])
        lost = kernel[removed, output]
        if len(removed) <= len(kept):
            pulls = np.linalg.solve(inverted[np.ix_(removed, removed)], lost)
            result[:, output] -= inverted[:, removed] @ pulls
        else:
            pushes = metric[np.ix_(kept, removed)] @ lost
            result[kept, output] += np.linalg.solve(metric[np.ix_(kept, kept)], pushes)
        result[removed, output] = 0
    return result


def remove(
    kernel: Doubles, metric: Doubles, allowed: Mask, count: int
) -> tuple[Doubles, Mask]:
    """
    Return the compensated kernel (n, outputs) that has ``count`` weights left, and its mask.

    Weights that are not ``allowed`` are among the removed ones, even where that leaves fewer.
    """
    inverted = inverse(metric)
    block = len(kernel) if len(kernel) <= GREEDY_INPUTS else BLOCK
    mask = surgery(kernel, inverted, allowed, count, block)
    return compensate(kernel, mask, metric, inverted), mask


def surgery(
    kernel: Doubles, inverted: Doubles, allowed: Mask, count: int, block: int
) -> Mask:
    """
    Return the mask of the ``count`` weights that greedy removal in blocks of inputs leaves.

    The blocks' turns come in their order: what a block has lost is made up for by those to come,
    as in SparseGPT (Frantar and Alistarh, 2023). How many weights a block keeps is decided
    beforehand, by the saliencies of single removals; which ones, when its turn has come, greedily
    and with what the blocks before have made of them.
    """
    before = keep_largest(surgeon_saliency(kernel, inverted), count, allowed)
    mask = np.zeros(kernel.shape, bool)
    upper = factor(inverted)

    def begin(rows: slice, values: Doubles) -> Settle:
        within = upper[rows, rows]
        gone = before[rows].size - int(np.count_nonzero(before[rows]))
        order, costs = removals(values, within.T @ within, ~allowed[rows])
        mask[rows] = ~cheapest_removals(order, costs, gone)
        return lambda row, value: np.where(mask[row], value, 0)

    sweep(kernel, upper, begin, block)
    return mask


def remove_n_of_m(
    kernel: Doubles, metric: Doubles, allowed: Mask, kept: int, group: int
) -> tuple[Doubles, Mask]:
    """
    Return the compensated kernel (n, outputs) with ``kept`` of every ``group`` inputs, its mask.

    Inputs are grouped in their order, of which n is a multiple. Groups have their turn one after
    the other as the blocks of surgery.
    """
    inverted = inverse(metric)
    upper = factor(inverted)
    mask = np.zeros(kernel.shape, bool)

    def begin(rows: slice, values: Doubles) -> Settle:
        within = upper[rows, rows]
        order, _ = removals(values, within.T @ within, ~allowed[rows])
        np.put_along_axis(mask[rows], order[:, group - kept:].T, True, axis=0)
        mask[rows] &= allowed[rows]
        return lambda row, value: np.where(mask[row], value, 0)

    sweep(kernel, upper, begin, group)
    return compensate(kernel, mask, metric, inverted), mask
