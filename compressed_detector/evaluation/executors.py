# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where independent jobs are done: here in turn, in processes beside each other, on a cluster."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import (
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from typing import Any, Protocol, TypeVar

import cv2

from compressed_detector.errors import EvaluationError

Job = TypeVar('Job')
Outcome = TypeVar('Outcome')
# To be closed, which ends what still runs.
Outcomes = Generator[tuple[Job, Outcome | Exception], None, None]
LOCAL = 'local'


class Executor(Protocol):
    """Does jobs; what they return does not depend on where that is."""

    def __call__(
        self, work: Callable[[Job], Outcome], jobs: Sequence[Job]
    ) -> Outcomes[Job, Outcome]:
        """
        Yield each job with what ``work`` returns for it, in the order in which they end.

        What it raises, and the end of the process that does it, are yielded in its place. Where
        that is another process, ``work``, jobs and outcomes are pickled.
        """


def in_turn(
    work: Callable[[Job], Outcome], jobs: Sequence[Job]
) -> Outcomes[Job, Outcome]:
    """Do one job after the other in this process; an Executor."""
    for job in jobs:
        outcome: Outcome | Exception
        try:
            outcome = work(job)
        except Exception as error:
            outcome = error
        yield job, outcome


def processes(count: int, threads: int) -> Executor:
    """
    Return what does so many jobs at a time, each in a new process with so many threads.

    A new one for each, so that one that is killed takes no other job with it, and so that the
    memory that a job took at most is its own.
    """
    def run(
        work: Callable[[Job], Outcome], jobs: Sequence[Job]
    ) -> Outcomes[Job, Outcome]:
        pool = ThreadPoolExecutor(count)
        try:
            futures = {pool.submit(_in_process, threads, work, job): job for job in jobs}
            for future in as_completed(futures):
                yield futures[future], _result(future)
        finally:
            # After Ctrl-C nobody waits for an hour of work.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            pool.shutdown()
    return run


def ray_cluster(address: str, threads: int) -> Executor:
    """
    Return what does jobs on a Ray cluster, each with so many processors.

    ``address``: as ray.init has it; "local" starts an instance here, for these jobs only. The
    nodes need this package, and see all files by the same paths. Raises EvaluationError without
    Ray.
    """
    # Otherwise an instance that is started here tells its makers about it.
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
    try:
        import ray
    except ImportError as error:
        raise EvaluationError(f'--ray: cannot import ray ({error}); install it with: python3 -m '
                              'pip install ray') from error

    def run(
        work: Callable[[Job], Outcome], jobs: Sequence[Job]
    ) -> Outcomes[Job, Outcome]:
        _connect(ray, address)
        try:
            remote = ray.remote(_with_threads).options(num_cpus=threads, max_retries=0)
            left = {remote.remote(threads, work, job): job for job in jobs}
            while left:
                for reference in ray.wait(list(left))[0]:
                    yield left.pop(reference), _result(reference.future())
        finally:
            ray.shutdown()
    return run


def _connect(ray: Any, address: str) -> None:
    more = {'include_dashboard': False} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level='ERROR', **more)
    except Exception as error:
        raise EvaluationError(
            f'--ray: expected the address of a Ray cluster, or "{LOCAL}", got {address!r}: '
            f'{error}; does it run (ray status), of the same version ({ray.__version__})? Where '
            'ray start says that it asks for a token, set RAY_AUTH_MODE=token'
        ) from error


def _in_process(threads: int, work: Callable[[Job], Outcome], job: Job) -> Outcome:
    with ProcessPoolExecutor(
        1, multiprocessing.get_context('spawn'),
        initializer=functools.partial(signal.signal, signal.SIGINT, signal.SIG_IGN),
    ) as pool:
        return pool.submit(_with_threads, threads, work, job).result()


def _with_threads(threads: int, work: Callable[[Job], Outcome], job: Job) -> Outcome:
    """Work, with OpenCV's threads bounded, too: there are as many of these as processors."""
    cv2.setNumThreads(threads)
    return work(job)


def _result(future: Future[Any]) -> Any:
    """Return what a job returned, or raised."""
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error
    return error
