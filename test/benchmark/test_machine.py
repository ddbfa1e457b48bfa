# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What this machine is and can do: processors, roof, energy counters."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from compressed_detector.benchmark.machine import Others, cpu_field, describe
from compressed_detector.benchmark.pinning import pinned, processors
from compressed_detector.benchmark.rapl import counters, joules_of
from compressed_detector.benchmark.roofline import Roof, roof
from compressed_detector.errors import BenchmarkError


def test_threads_that_start_meanwhile_stay_on_as_many_processors_and_afterwards_on_all() -> None:
    before, seen = os.sched_getaffinity(0), []
    with pinned(1):
        thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
        thread.start()
        thread.join()
    assert len(seen[0]) == 1
    assert seen[0] < before or seen[0] == before
    assert os.sched_getaffinity(0) == before


def test_more_threads_than_processors_are_refused() -> None:
    with pytest.raises(BenchmarkError, match=f'expected 1 to {processors()}'), \
            pinned(processors() + 1):
        pass


def test_roof_of_this_machine_is_measured_in_another_process() -> None:
    measured = roof(1)
    # Any processor of the last twenty years, and none of the next twenty.
    assert 1e8 < measured.macs_per_s < 1e15
    assert 1e8 < measured.bytes_per_s < 1e15


@pytest.mark.parametrize(('macs', 'moved', 'fraction'), [
    (10**9, 10**6, 0.5),  # 1 s of arithmetic in 2 s
    (10**3, 10**9, 0.25),  # half a second of copying in 2 s
])
def test_fraction_is_of_what_bounds_the_computation(
    macs: int, moved: int, fraction: float
) -> None:
    assert Roof(1e9, 2e9).fraction(macs, moved, 2.0) == pytest.approx(fraction)


def counter(folder: Path, socket: int, energy_uj: int) -> Path:
    path = folder / f'intel-rapl:{socket}'
    path.mkdir()
    (path / 'max_energy_range_uj').write_text('999999\n')
    (path / 'energy_uj').write_text(f'{energy_uj}\n')
    return path / 'energy_uj'


def test_energy_is_of_all_sockets_and_counters_may_begin_anew(tmp_path: Path) -> None:
    first, second = counter(tmp_path, 0, 100), counter(tmp_path, 1, 999_900)
    (tmp_path / 'intel-rapl:0:0').mkdir()  # a part of a socket

    def work() -> None:
        first.write_text('500100')
        second.write_text('99900')

    assert joules_of(work, counters(tmp_path)) == pytest.approx(0.6)


def test_counters_that_nobody_may_read_are_no_counters(tmp_path: Path) -> None:
    counter(tmp_path, 0, 100).unlink()
    assert counters(tmp_path) == []
    assert counters(tmp_path / 'nowhere') == []
    assert joules_of(lambda: None, []) is None


def test_what_others_take_is_what_is_busy_and_not_this_process(tmp_path: Path) -> None:
    ticks = os.sysconf('SC_CLK_TCK')
    clock_s, own_s = iter([100.0, 110.0]), iter([2.0, 13.0])
    path = tmp_path / 'stat'
    path.write_text('cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0\n')
    others = Others(path, lambda: next(clock_s), lambda: next(own_s))
    # In 10 s: 12 s busy in all ways there are, 3 s stolen, idle for the rest; 11 s of it our own.
    busy = [5 * ticks, 2 * ticks, 3 * ticks, 90 * ticks, 7 * ticks, ticks, ticks, 3 * ticks, 0, 0]
    path.write_text(f'cpu  {" ".join(map(str, busy))}\ncpu0 0\n')
    assert others.processors() == pytest.approx((12 + 3 - 11) / 10)


def test_this_machine_has_others() -> None:
    others = Others()
    end_s = time.monotonic() + 0.1
    while time.monotonic() < end_s:  # busy, but not for others
        pass
    assert -0.5 < others.processors() < processors()


def test_machine_is_described_without_its_name(tmp_path: Path) -> None:
    found = describe(['numpy', 'no-such-package'])
    assert {'cpu', 'cores', 'memory_gib', 'python', 'numpy', 'date'} <= set(found)
    assert 'no-such-package' not in found
    assert os.uname().nodename not in str(found)
    info = tmp_path / 'cpuinfo'
    info.write_text('processor\t: 0\nmodel name\t: Some: CPU\n')
    assert cpu_field('model name', info) == 'Some: CPU'
    assert cpu_field('flags', info) == ''
    assert cpu_field('flags', tmp_path / 'nowhere') == ''
