# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What replay_bag shows: a bar on a terminal, sparse lines elsewhere, a table at the end."""

from __future__ import annotations

import contextlib
import importlib.util
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from compressed_detector.ros.playback import Progress
    from compressed_detector.ros.replay import ReplayResult
    from compressed_detector.ros.replay_routes import Route

LINE_PERIOD_S = 10.0


class Display(Protocol):
    """Shows how far a replay is."""

    def __call__(self, progress: Progress) -> None:
        """Show this progress."""


class RateMeter:
    """Messages per second, measured over a second or more."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._messages = 0
        self._rate_hz = 0.0

    def update(self, now_s: float, messages: int) -> float:
        """Take the number of messages so far; return the rate, 0 in the first second."""
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s >= 1:
            self._rate_hz = (messages - self._messages) / (now_s - self._since_s)
            self._since_s, self._messages = now_s, messages
        return self._rate_hz


class LineDisplay:
    """Writes a line every ten seconds, for logs."""

    def __init__(self, stream: TextIO, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock_s = clock_s
        self._meter = RateMeter()
        self._next_s = clock_s() + LINE_PERIOD_S

    def __call__(self, progress: Progress) -> None:
        """Write a line if the last one is old enough."""
        now_s = self._clock_s()
        rate_hz = self._meter.update(now_s, progress.messages)
        if now_s >= self._next_s:
            self._next_s = now_s + LINE_PERIOD_S
            print(
                f'{_label(progress)} {progress.bag_s:.1f} of {progress.window_s:.1f} s '
                f'({progress.bag_s / progress.window_s:.0%}), {progress.messages} messages, '
                f'{rate_hz:.1f}/s', file=self._stream, flush=True,
            )


class BarDisplay:
    """Draws a progress bar, for terminals."""

    def __init__(self, stream: TextIO, clock_s: Callable[[], float] = time.monotonic) -> None:
        # Imported here because logs do not need it, and it takes a fifth of a second.
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as Bar

        self.bar = Bar(
            TextColumn('{task.description}'), BarColumn(), TaskProgressColumn(),
            TextColumn('{task.completed:.1f} / {task.total:.1f} s  {task.fields[rate]:.1f} msg/s'),
            console=Console(file=stream),
        )
        self._task = self.bar.add_task('starting', total=None, rate=0.0, visible=False)
        self._clock_s = clock_s
        self._meter = RateMeter()

    def __call__(self, progress: Progress) -> None:
        """Move the bar."""
        self.bar.update(
            self._task, description=_label(progress), total=progress.window_s, visible=True,
            completed=min(progress.bag_s, progress.window_s),
            rate=self._meter.update(self._clock_s(), progress.messages),
        )


@contextlib.contextmanager
def open_display(stream: TextIO) -> Iterator[Display]:
    """Give a display that suits the stream: a bar on a terminal if rich is there, else lines."""
    if stream.isatty() and importlib.util.find_spec('rich'):
        display = BarDisplay(stream)
        with display.bar:
            yield display
    else:
        yield LineDisplay(stream)


def _label(progress: Progress) -> str:
    passes = progress.completed_passes
    return f'playing (pass {passes + 1})' if passes else 'playing'


def result_lines(result: ReplayResult, routes: Sequence[Route]) -> list[str]:
    """Return the final report: a line per topic, the time it took, and what was not perfect."""
    lines = [f'{_names(route)}: {result.published[route.topic.name]} messages' for route in routes]
    ending = 'interrupted after' if result.interrupted else 'played in'
    lines.append(f'{sum(result.published.values())} messages, {ending} {result.wall_s:.2f} s')
    if result.late:
        lines.append(
            f'{result.late} of them more than 10 ms late, the worst {result.max_lag_ms:.0f} ms: '
            'reading or publishing fell behind'
        )
    for topic, count in result.missing.items():
        lines.append(f'{topic}: {count} messages that metadata.yaml promises are not in the bag')
    return lines


def _names(route: Route) -> str:
    recorded, live = route.topic.name, route.live_name
    return recorded if recorded == live else f'{recorded} as {live}'
