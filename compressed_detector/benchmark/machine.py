# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What figures were measured on, by what it is and not by its name."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import time
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

CPU_INFO, PROCESSOR_TIMES = Path('/proc/cpuinfo'), Path('/proc/stat')
# What makes networks of int8 and of halves fast, in the words of x86 and of ARM.
DOT_PRODUCTS = ('avx2', 'avx512f', 'avx_vnni', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16',
                'amx_int8', 'asimdhp', 'asimddp', 'i8mm', 'bf16', 'sve')


def describe(packages: Iterable[str] = ()) -> dict[str, Any]:
    """Return processor, memory, system, the versions of packages that are there, and the date."""
    pages = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    return {
        'cpu': cpu_field('model name') or platform.machine(),
        'cores': os.cpu_count(),
        'instructions': instructions(),
        'memory_gib': round(pages / 2**30, 1),
        'system': f'{platform.system()} {".".join(platform.release().split(".")[:2])}',
        'python': platform.python_version(),
        **_versions(packages),
        'date': datetime.date.today().isoformat(),
    }


class Others:
    """
    What everything else takes of the processors while something is measured.

    Other programs, other users of a virtual machine's hardware, and the system: figures want
    nearly nothing of it.
    """

    def __init__(
        self, path: Path = PROCESSOR_TIMES, clock_s: Callable[[], float] = time.monotonic,
        own_s: Callable[[], float] = lambda: sum(os.times()[:4]),  # and of children, once they end
    ) -> None:
        self._path, self._clock_s, self._own_s = path, clock_s, own_s
        self._begun = self._times_s()

    def processors(self) -> float:
        """Return how many processors it took on average since this was made."""
        elapsed_s, busy_s, own_s = (
            now - begun for now, begun in zip(self._times_s(), self._begun))
        return round((busy_s - own_s) / elapsed_s, 3)

    def _times_s(self) -> tuple[float, float, float]:
        fields = self._path.read_text(encoding='ascii').split('\n', 1)[0].split()[1:9]
        user, nice, system, _, _, interrupts, soft, stolen = map(int, fields)
        ticks = user + nice + system + interrupts + soft + stolen
        return self._clock_s(), ticks / os.sysconf('SC_CLK_TCK'), self._own_s()


def instructions() -> list[str]:
    """Return what this processor has to multiply many small numbers at once."""
    flags = cpu_field('flags').split() or cpu_field('Features').split()
    return [name for name in DOT_PRODUCTS if name in flags]


def cpu_field(name: str, path: Path = CPU_INFO) -> str:
    """Return a field of the first processor, '' where there is none."""
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding='utf-8', errors='replace').splitlines():
            key, _, value = line.partition(':')
            if key.strip() == name:
                return value.strip()
    return ''


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
