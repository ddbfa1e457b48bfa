# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The time of one product on this machine: the kernels and dense BLAS, in turns, a thread each.

Every turn sees the same machine; a ratio is the median over turns. A matrix that the caches hold
stays there from run to run, as that of a network does that is used image after image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np

from compressed_detector.benchmark.pinning import pinned
from compressed_detector.benchmark.timing import Plan, ratio, take_turns
from compressed_detector.classics.eie.encoding import Encoded
from compressed_detector.classics.eie.kernel import REMEDY, DenseProduct, Product
from compressed_detector.detection.types import Floats
from compressed_detector.errors import BenchmarkError

QUICK, FULL = Plan(turns=5, runs=3, pause_s=0.0), Plan(turns=21, runs=5, pause_s=0.0)
# The largest error for the size of the results, in float32 and in another order of additions.
TOLERANCE = 1e-3


def measure(matrix: Floats, encoded: Encoded, activations: Floats, plan: Plan) -> dict[str, Any]:
    """
    Return microseconds of each contender, and how many times longer BLAS takes than the kernel.

    ``compressed`` goes by EIE's form; ``dense_blas`` is NumPy's product; ``dense_skipping`` reads
    the dense columns of nonzero activations alone, which tells what these save apart from the
    weights. A ratio above 1 means that the compressed form is quicker. Raises BenchmarkError when
    the contenders do not agree, or when Numba or threadpoolctl is missing.
    """
    blas = np.empty(matrix.shape[0], np.float32)
    products: dict[str, Callable[[], Floats]] = {
        'compressed': _bound(Product(encoded), activations),
        'dense_blas': lambda: np.matmul(matrix, activations, out=blas),
        'dense_skipping': _bound(DenseProduct(matrix), activations),
    }
    with one_thread():
        _check_agreement({name: product() for name, product in products.items()})
        times = take_turns(products, plan)
    return {
        'us': {name: float(np.median(values)) * 1e3 for name, values in times.items()},
        **{f'{name}_by_compressed': asdict(ratio(times[name], times['compressed']))
           for name in ('dense_blas', 'dense_skipping')},
    }


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS to one thread, and this thread on one processor."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise BenchmarkError(f'threadpoolctl cannot be imported ({error}); {REMEDY}') from error
    with pinned(1), threadpool_limits(limits=1, user_api='blas'):
        yield


def _bound(product: Callable[[Floats], Floats], activations: Floats) -> Callable[[], Floats]:
    return lambda: product(activations)


def _check_agreement(results: dict[str, Floats]) -> None:
    expected = results['dense_blas']
    size = float(np.abs(expected).max(initial=0))
    for name, result in results.items():
        error = float(np.abs(result - expected).max(initial=0))
        if not error <= TOLERANCE * size:
            raise BenchmarkError(f'EIE: {name}: expected results within {TOLERANCE * size:.3g} of '
                                 f'those of BLAS, got an error of {error:.3g}')
