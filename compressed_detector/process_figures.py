# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What Linux knows about a process: its memory and its time."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path


def reset_peak() -> None:
    """Let peak_rss_bytes of this process begin anew, where the system allows it."""
    with contextlib.suppress(OSError):
        Path('/proc/self/clear_refs').write_text('5', encoding='ascii')


def peak_rss_bytes(pid: int | None = None) -> int:
    """Return the most memory that a process, by default this one, ever had resident."""
    # Elsewhere than on Linux it cannot begin anew.
    return _status_bytes(pid, 'VmHWM:') or (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def rss_bytes(pid: int | None = None) -> int:
    """Return the memory that a process, by default this one, has resident; 0 if unknown."""
    return _status_bytes(pid, 'VmRSS:')


def cpu_s(pid: int) -> float:
    """Return the processor time of all threads of a running process."""
    fields = (Path('/proc') / str(pid) / 'stat').read_text(encoding='ascii').rpartition(')')[2]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf('SC_CLK_TCK')


def _status_bytes(pid: int | None, field: str) -> int:
    status = Path('/proc') / str(pid or 'self') / 'status'
    with contextlib.suppress(OSError):
        for line in status.read_text(encoding='ascii', errors='replace').splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0
