# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How much each weight matters: what removing it costs, by magnitude and by curvature.

All saliencies are in the unit of a squared error, so that they add up and can be compared
between layers once they are relative to the layer (see relative).
"""

from __future__ import annotations

import numpy as np

from compressed_detector.compression.moments import Doubles
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError


def magnitude(weights: Floats) -> Doubles:
    """
    Return w^2, of the weights' shape: it ranks as the magnitude does.

    Han, Pool, Tran, Dally, Learning both Weights and Connections for Efficient Neural Networks,
    NeurIPS 2015.
    """
    squares: Doubles = np.square(weights, dtype=np.float64)
    return squares


def optimal_brain_damage(weights: Floats, diagonal: Doubles) -> Doubles:
    """
    Return h w^2 / 2, of the weights' shape (LeCun, Denker, Solla, NeurIPS 1989, equation 5).

    ``diagonal`` holds the second derivatives of the loss by each weight and broadcasts to the
    weights: those of the layer's squared output error (see gram_diagonal), or of the whole loss,
    such as the mean squared gradient over examples (the diagonal of the empirical Fisher
    information). Raises CompressionError when it does not fit or has negative entries.
    """
    try:
        curvature = np.broadcast_to(diagonal, weights.shape)
    except ValueError:
        raise CompressionError(
            f'expected second derivatives that broadcast to {weights.shape}, '
            f'got shape {diagonal.shape}'
        ) from None
    if not np.all(curvature >= 0):
        raise CompressionError('expected second derivatives of at least 0, got negative ones')
    return curvature * magnitude(weights) / 2


def gram_diagonal(gram: Doubles, kernel_shape: tuple[int, ...]) -> Doubles:
    """
    Return the second derivatives of a layer's output error by its kernel, (k, k, in, 1).

    Those of a dense layer's kernel (in, out) are (in, 1).

    The error is half the squared difference of the outputs, summed over channels and averaged
    over positions and pictures. Its Hessian is exact and the same for every output channel: the
    mean of x x^T over the patches x, whose diagonal is the mean square of each input. ``gram`` is
    the (n + 1, n + 1) sum or mean of x x^T with n = k k in, or in, the
    constant 1 last. Raises
    CompressionError when it does not fit the kernel.
    """
    rows = int(np.prod(kernel_shape[:-1]))
    if gram.shape != (rows + 1, rows + 1):
        raise CompressionError(
            f'expected a Gram matrix of shape {(rows + 1, rows + 1)} for a kernel of shape '
            f'{kernel_shape}, got {gram.shape}'
        )
    means: Doubles = np.diag(gram)[:-1] / gram[-1, -1]
    return means.reshape(*kernel_shape[:-1], 1)


def relative(saliency: Doubles, scale: float) -> Doubles:
    """
    Return a saliency as a share of what the layer has, to compare it between layers.

    ``scale`` is the sum of the squared weights, or the variance of the outputs: layers differ in
    both by orders of magnitude without mattering more or less for that. 0 gives zeros.
    """
    return saliency / scale if scale > 0 else np.zeros_like(saliency)
