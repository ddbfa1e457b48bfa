# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Processors to measure on: as many as there are threads, and always the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from compressed_detector.errors import BenchmarkError


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """
    Keep this thread, and those that it starts meanwhile, on as many processors as threads.

    What threads of other processors would add is then never measured. Raises BenchmarkError
    when there are fewer processors.
    """
    allowed = os.sched_getaffinity(0)
    if not 1 <= threads <= len(allowed):
        raise BenchmarkError(f'--threads: expected 1 to {len(allowed)}, the number of processors '
                             f'that this process may use, got {threads}')
    os.sched_setaffinity(0, sorted(allowed)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
