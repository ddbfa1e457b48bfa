# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Settle a layer's weights input by input, while those to come make up for the errors.

One way for removing and for rounding weights (Frantar and Alistarh: SparseGPT, 2023; with Ashkboos
and Hoefler: GPTQ, ICLR 2023): the inverse Hessian of the inputs not yet settled is, for each input
in turn, a row of one Cholesky factor. So all output channels are settled together, in a time that
grows with the square of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compressed_detector.compression.moments import Doubles

BLOCK = 128
# Called with an input and its weights as they are now (outputs,); returns them settled.
Settle = Callable[[int, Doubles], Doubles]
# Called with the inputs of a block and their weights (block, outputs) as it begins.
Begin = Callable[[slice, Doubles], Settle]


def factor(inverted: Doubles) -> Doubles:
    """
    Return the upper triangular U (n, n) with U' U = H^-1.

    U_ii^2 is the i-th diagonal element of the inverse Hessian of inputs i to n.
    """
    upper: Doubles = np.linalg.cholesky(inverted).T
    return upper


def sweep(kernel: Doubles, upper: Doubles, begin: Begin, block: int = BLOCK) -> Doubles:
    """
    Return the settled kernel (inputs, outputs).

    Changes of a block reach the inputs beyond it only when it is done, which is the same sum in
    another order, but one product of matrices instead of many small ones.
    """
    result, inputs = kernel.copy(), len(kernel)
    for start in range(0, inputs, block):
        rows = slice(start, min(start + block, inputs))
        settle = begin(rows, result[rows])
        errors = np.empty((rows.stop - start, kernel.shape[1]))
        for row in range(start, rows.stop):
            settled = settle(row, result[row])
            error = errors[row - start] = (result[row] - settled) / upper[row, row]
            result[row] = settled
            result[row + 1:rows.stop] -= np.outer(upper[row, row + 1:rows.stop], error)
        result[rows.stop:] -= upper[rows, rows.stop:].T @ errors
    return result
