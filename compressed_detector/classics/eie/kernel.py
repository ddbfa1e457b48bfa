# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A matrix times a vector, straight from EIE's form: no weight is ever written out.

Columns of activations that are zero are skipped, as in EIE. An activation is multiplied with the
codebook once, not with every weight: what is left for an entry is a look-up and an addition.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from compressed_detector.classics.eie.encoding import Encoded, Entries, placed
from compressed_detector.detection.coding.sparse import Positions
from compressed_detector.detection.types import Floats
from compressed_detector.errors import BenchmarkError

REMEDY = 'install the workshop with: python3 -m pip install -r requirements/workshop.txt'


def reference(encoded: Encoded, activations: Floats) -> npt.NDArray[np.float64]:
    """Return the product, float64 (rows,), by NumPy: what the kernel is checked against."""
    rows, columns, weights = placed(encoded)
    outputs = np.zeros(encoded.shape[0])
    np.add.at(outputs, rows, weights.astype(np.float64) * activations[columns])
    return outputs


def accumulate(
    entries: Entries, pointers: Positions, elements: int, code_bits: int, codebook: Floats,
    activations: Floats, products: Floats, outputs: Floats,
) -> None:
    """
    Add the product to outputs (rows,); ``products`` (size of the codebook,) is overwritten.

    Plain loops, which mean the same compiled and not; see Encoded for the arrays.
    """
    columns = activations.size
    low_bits = (1 << code_bits) - 1
    for column in range(columns):
        activation = activations[column]
        if activation == 0:
            continue
        for code in range(codebook.size):
            products[code] = codebook[code] * activation
        for element in range(elements):
            row = element - elements
            part = element * columns + column
            for place in range(pointers[part], pointers[part + 1]):
                entry = np.int64(entries[place])
                row += ((entry >> code_bits) + 1) * elements
                outputs[row] += products[entry & low_bits]


def accumulate_columns(columns: Floats, activations: Floats, outputs: Floats) -> None:
    """Add the product of a dense matrix, held as (columns, rows), to outputs (rows,)."""
    for column in range(activations.size):
        activation = activations[column]
        if activation == 0:
            continue
        for row in range(outputs.size):
            outputs[row] += columns[column, row] * activation


@functools.cache
def compiled(loops: Callable[..., None]) -> Callable[..., None]:
    """Return loops compiled by Numba; raises BenchmarkError when that is missing."""
    try:
        import numba
    except ImportError as error:
        raise BenchmarkError(
            f'Numba, which compiles the kernel, cannot be imported ({error}); {REMEDY}'
        ) from error
    kernel: Callable[..., None] = numba.njit(loops)
    return kernel


def check_activations(activations: Floats, columns: int) -> None:
    """Raise BenchmarkError when they are not float32 (columns,)."""
    if activations.shape != (columns,) or activations.dtype != np.float32:
        raise BenchmarkError(f'EIE: expected activations of float32 {(columns,)}, got '
                             f'{activations.dtype} {activations.shape}')


class Product:
    """A matrix in EIE's form, ready to be multiplied with vector after vector."""

    def __init__(self, encoded: Encoded) -> None:
        self._encoded = encoded
        self._kernel = compiled(accumulate)
        self._products = np.empty(encoded.codebook.size, np.float32)
        self._outputs = np.empty(encoded.shape[0], np.float32)

    def __call__(self, activations: Floats) -> Floats:
        """
        Return the product with activations (columns,), (rows,), valid until the next call.

        Raises BenchmarkError for another shape or type: compiled code would read past the end.
        """
        form = self._encoded
        check_activations(activations, form.shape[1])
        self._outputs[:] = 0
        self._kernel(form.entries, form.pointers, form.elements, form.code_bits, form.codebook,
                     activations, self._products, self._outputs)
        return self._outputs


class DenseProduct:
    """A dense matrix, of which only the columns of nonzero activations are read."""

    def __init__(self, matrix: Floats) -> None:
        self._columns = np.ascontiguousarray(matrix.T)
        self._kernel = compiled(accumulate_columns)
        self._outputs = np.empty(matrix.shape[0], np.float32)

    def __call__(self, activations: Floats) -> Floats:
        """Return the product as Product does, and raise the same."""
        check_activations(activations, len(self._columns))
        self._outputs[:] = 0
        self._kernel(self._columns, activations, self._outputs)
        return self._outputs
