# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Networks that are timed against each other, on one processor and on several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from compressed_detector.benchmark.litert import LiteRt, batched
from compressed_detector.benchmark.pinning import pinned
from compressed_detector.benchmark.subjects import Subject
from compressed_detector.benchmark.timing import Plan, Times, take_turns


class Runs(Protocol):
    """What can be run."""

    def run(self) -> object:
        """Run it."""


@dataclass(frozen=True, eq=False)
class Contender:
    """A network by name; ``open`` gets it ready for so many threads."""

    name: str
    open: Callable[[int], Runs]


def contender_of(subject: Subject) -> Contender:
    """Return a model under the runtime of the node."""
    return contender(subject.name, subject.model)


def contender(name: str, model: bytes) -> Contender:
    """Return a .tflite file under the runtime of the node."""
    return Contender(name, lambda threads: LiteRt(model, threads))


def latencies(
    contenders: Sequence[Contender], threads: int, plan: Plan,
    progress: Callable[[int, int], None],
) -> dict[str, Times]:
    """Return the times of one image at a time, ms (turns, runs), by name; in turns."""
    with pinned(threads):
        opened = {item.name: item.open(threads).run for item in contenders}
        return take_turns(opened, plan, progress)


def batch_latencies(
    model: bytes, threads: int, batches: Sequence[int], plan: Plan,
    progress: Callable[[int, int], None],
) -> Mapping[int, Times]:
    """
    Return the times of so many images at once, ms (turns, runs), by their number; in turns.

    Raises BenchmarkError when the model takes only its own number of images.
    """
    with pinned(threads):
        opened = {str(batch): batched(model, threads, batch).run for batch in batches}
        times = take_turns(opened, plan, progress)
    return {batch: times[str(batch)] for batch in batches}
