# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What figures were measured on, by what it is and not by its name."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

CPU_INFO = Path('/proc/cpuinfo')
# What makes networks of int8 and of halves fast, in the words of x86 and of ARM.
DOT_PRODUCTS = ('avx2', 'avx512f', 'avx_vnni', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16',
                'amx_int8', 'asimdhp', 'asimddp', 'i8mm', 'bf16', 'sve')


def describe(packages: Iterable[str] = ()) -> dict[str, Any]:
    """Return processor, memory, system, the versions of packages that are there, and the date."""
    pages = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    flags = cpu_field('flags').split() or cpu_field('Features').split()
    return {
        'cpu': cpu_field('model name') or platform.machine(),
        'cores': os.cpu_count(),
        'instructions': [name for name in DOT_PRODUCTS if name in flags],
        'memory_gib': round(pages / 2**30, 1),
        'system': f'{platform.system()} {".".join(platform.release().split(".")[:2])}',
        'python': platform.python_version(),
        **_versions(packages),
        'date': datetime.date.today().isoformat(),
    }


def load() -> float:
    """Return how many processes wanted to run in the last minute: figures want nearly none."""
    return round(os.getloadavg()[0], 2)


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
