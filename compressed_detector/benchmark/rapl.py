# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the processor itself counts as energy (RAPL), where the system lets it be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

COUNTERS = Path('/sys/class/powercap')
# Whole sockets; what is below them (intel-rapl:0:0) is counted in them.
SOCKETS = 'intel-rapl:[0-9]'


@dataclass(frozen=True)
class Counter:
    """Microjoules of a socket, which begin anew at ``range_uj``."""

    path: Path
    range_uj: int

    def read_uj(self) -> int:
        """Return what it stands at."""
        return _number(self.path / 'energy_uj')


def counters(folder: Path = COUNTERS) -> list[Counter]:
    """Return the counters that can be read; AMD's have the same name. Often only root may."""
    found = []
    for path in sorted(folder.glob(SOCKETS)):
        try:
            found.append(Counter(path, _number(path / 'max_energy_range_uj')))
            found[-1].read_uj()
        except (OSError, ValueError):
            return []
    return found


def joules_of(run: Callable[[], object], sockets: list[Counter]) -> float | None:
    """Return what all sockets took meanwhile, everything else on them included; None without."""
    before = [counter.read_uj() for counter in sockets]
    run()
    taken_uj = [
        (counter.read_uj() - start) % (counter.range_uj + 1)
        for counter, start in zip(sockets, before)
    ]
    return sum(taken_uj) / 1e6 if sockets else None


def _number(path: Path) -> int:
    return int(path.read_text(encoding='ascii'))
