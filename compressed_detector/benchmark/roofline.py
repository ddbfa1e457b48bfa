# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How near a network comes to what this machine can do: Williams et al., Roofline, CACM 2009.

The roof is measured: multiply-accumulates of a matrix product in float32 by NumPy, and bytes of a
copy of arrays that no cache holds. Integers of 8 bits may be multiplied faster than that.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compressed_detector.benchmark.child import ask
from compressed_detector.benchmark.machine import instructions
from compressed_detector.benchmark.pinning import pinned

SIZE = 1024
# What the number of threads of NumPy's matrix products goes by, whoever computes them.
NUMPY_THREADS = ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS')
# OpenBLAS takes those for 256 bits on AMD's processors, which are half as fast as these.
KERNEL_CHOICE, KERNELS = 'OPENBLAS_CORETYPE', {'avx512f': 'SKYLAKEX'}
COPIED_BYTES = 128 * 2**20
REPETITIONS = 8


@dataclass(frozen=True)
class Roof:
    """What so many threads reach at most."""

    macs_per_s: float
    bytes_per_s: float

    def fraction(self, macs: int, moved_bytes: int, seconds: float) -> float:
        """Return which part of what is possible a computation of this length reaches."""
        possible_s = max(macs / self.macs_per_s, moved_bytes / self.bytes_per_s)
        return possible_s / seconds


def roof(threads: int) -> Roof:
    """
    Measure this machine with so many threads, on as many processors.

    In processes of their own, because it is settled when NumPy is imported how many threads it
    has, and which of its kernels it takes; on some processors these are not the fastest.
    """
    kernels = ['', *(name for flag, name in KERNELS.items() if flag in instructions())]
    with pinned(threads):
        found = [
            Roof(**ask('roofline', threads, environment={
                **dict.fromkeys(NUMPY_THREADS, str(threads)),
                **({KERNEL_CHOICE: kernel} if kernel else {}),
            }))
            for kernel in kernels
        ]
    return Roof(max(item.macs_per_s for item in found), max(item.bytes_per_s for item in found))


def _macs_per_s() -> float:
    random = np.random.default_rng(0)
    first, second = random.random((2, SIZE, SIZE), np.float32)
    result = np.empty((SIZE, SIZE), np.float32)
    return SIZE**3 / _shortest_s(lambda: np.matmul(first, second, out=result))


def _bytes_per_s(threads: int) -> float:
    source = np.ones(COPIED_BYTES, np.uint8)
    target = np.zeros_like(source)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads)))
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        shortest_s = _shortest_s(lambda: list(pool.map(lambda part: np.copyto(*part), parts)))
    return 2 * COPIED_BYTES / shortest_s  # read and written


def _shortest_s(run: Callable[[], object]) -> float:
    shortest_s = float('inf')
    for _ in range(REPETITIONS):
        start_s = time.perf_counter()
        run()
        shortest_s = min(shortest_s, time.perf_counter() - start_s)
    return shortest_s


def child(threads: str) -> dict[str, float]:
    """Measure in this process, whose NumPy has so many threads; see child.ask."""
    return dataclasses.asdict(Roof(_macs_per_s(), _bytes_per_s(int(threads))))
