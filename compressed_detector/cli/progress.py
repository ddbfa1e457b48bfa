# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How far long work is: bars on a terminal, sparse lines elsewhere."""

from __future__ import annotations

import datetime
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TextIO

from compressed_detector.compression.tensorflow_runtime import REMEDY
from compressed_detector.errors import CompressionError

LINE_PERIOD_S = 30.0


class Progress(Protocol):
    """Is told what is being done, how many of its steps are done, and how many there are."""

    def __call__(self, task: str, done: int, total: int, detail: str = '', /) -> None:
        """Show it."""


def progress_of(task: str, progress: Progress) -> Callable[[int, int], None]:
    """Return a report of one task."""
    return lambda done, total: progress(task, done, total)


class Bars:
    """One bar per task; a task appears when it is first reported."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def __call__(self, task: str, done: int, total: int, detail: str = '', /) -> None:
        """Show that ``done`` of ``total`` steps of a task are done."""
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(task, total=total, detail='')
        self._bars.update(self._tasks[task], completed=done, total=total, detail=detail)


class Lines:
    """A line when a task is done and, while one takes long, every half minute: for logs."""

    def __init__(self, stream: TextIO, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock_s = stream, clock_s
        self._begun_s: dict[str, tuple[float, int]] = {}
        self._next_s = clock_s() + LINE_PERIOD_S

    def __call__(self, task: str, done: int, total: int, detail: str = '', /) -> None:
        """Write a line if the task is done or the last line is old enough."""
        now_s = self._clock_s()
        begun_s, first = self._begun_s.setdefault(task, (now_s, done))
        if done < total and now_s < self._next_s:
            return
        self._next_s = now_s + LINE_PERIOD_S
        words = [f'{task} {done}/{total}', detail]
        if first < done < total:
            left_s = (now_s - begun_s) / (done - first) * (total - done)
            words.append(f'{datetime.timedelta(seconds=round(left_s))} left')
        if done >= total:
            words.append(f'{datetime.timedelta(seconds=round(now_s - begun_s))} taken')
            del self._begun_s[task]
        print(', '.join(filter(None, words)), file=self._stream, flush=True)


@contextmanager
def open_progress() -> Iterator[Progress]:
    """
    Yield what shows progress on standard error: bars on a terminal, else lines.

    It has a file descriptor of its own: what TensorFlow prints meanwhile is kept away from the
    terminal (see compression.tensorflow_runtime). Raises CompressionError without rich.
    """
    try:
        from rich import console, progress
    except ImportError as error:
        raise CompressionError(f'rich cannot be imported ({error}); {REMEDY}') from error
    sys.stderr.flush()
    with open(os.dup(2), 'w', encoding='utf-8') as stream:
        if not stream.isatty():
            yield Lines(stream)
            return
        bars = progress.Progress(
            progress.TextColumn('{task.description}'), progress.BarColumn(),
            progress.MofNCompleteColumn(), progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(), progress.TextColumn('{task.fields[detail]}'),
            console=console.Console(file=stream),
            redirect_stdout=False, redirect_stderr=False,
        )
        with bars:
            yield Bars(bars)
