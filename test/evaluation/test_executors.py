# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Jobs end alike wherever they are done, and one that dies takes no other with it."""

from __future__ import annotations

import functools
import importlib.util
import multiprocessing
import operator
import signal
import time

import pytest

from compressed_detector.evaluation.executors import Executor, in_turn, processes, ray_cluster

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec('ray') is None, reason='Ray is not installed (requirements/ray.txt)')
ELSEWHERE = ['processes', pytest.param('ray', marks=needs_ray)]


def executor(name: str) -> Executor:
    return {'here': lambda: in_turn, 'processes': lambda: processes(2, 1),
            'ray': lambda: ray_cluster('local', 1)}[name]()


@pytest.mark.parametrize('name', ['here', *ELSEWHERE])
def test_each_job_ends_with_what_is_returned_or_raised(name: str) -> None:
    work = functools.partial(operator.truediv, 1)
    found = dict(executor(name)(work, [1, 2, 0, 4]))
    assert isinstance(found.pop(0), ZeroDivisionError)
    assert found == {1: 1.0, 2: 0.5, 4: 0.25}


@pytest.mark.parametrize('name', ELSEWHERE)
def test_a_job_that_kills_its_process_takes_no_other_with_it(name: str) -> None:
    jobs = [signal.SIGKILL, signal.SIGCONT]
    found = dict(executor(name)(signal.raise_signal, jobs))
    assert isinstance(found[signal.SIGKILL], Exception)
    assert found[signal.SIGCONT] is None


def test_what_still_runs_is_ended_when_nobody_waits_for_it_any_more() -> None:
    running = processes(2, 1)(time.sleep, [0, 100_000])
    assert next(running) == (0, None)
    running.close()
    assert multiprocessing.active_children() == []



def test_opencv_has_no_more_threads_than_the_network() -> None:
    # Not a function of this module: another process cannot import it.
    ((_, found),) = processes(1, 1)(eval, ["__import__('cv2').getNumThreads()"])
    assert found == 1
