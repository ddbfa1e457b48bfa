# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where evaluate_bag does its work, and with how many threads."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.executors import Executor, in_turn, processes, ray_cluster

MOST_THREADS = 2


@dataclass(frozen=True)
class Workers:
    """What does the jobs, the threads of each, and whether they are done in this process."""

    executor: Executor
    num_threads: int
    here: bool


def choose(arguments: argparse.Namespace, recordings: int) -> Workers:
    """
    Return what does so many jobs; raises EvaluationError.

    Unless they are given, threads depend on the recordings and on this machine, not on where the
    work is done: results say how many they were.
    """
    cores = len(os.sched_getaffinity(0))
    threads = arguments.num_threads or (
        MOST_THREADS if arguments.live else max(1, min(MOST_THREADS, cores // recordings)))
    if arguments.live:
        if arguments.ray or (arguments.jobs or 1) > 1:
            raise EvaluationError('--live: expected one recording at a time, on this machine: '
                                  'what runs beside the node changes its times; leave out --ray '
                                  'and --jobs')
        return Workers(in_turn, threads, True)
    if arguments.ray:
        return Workers(ray_cluster(arguments.ray, threads), threads, False)
    jobs = min(arguments.jobs or max(1, cores // threads), recordings)
    if jobs == 1:
        return Workers(in_turn, threads, True)
    return Workers(processes(jobs, threads), threads, False)
