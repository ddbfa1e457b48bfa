# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""When each recorded message is due: pure time arithmetic in integer nanoseconds, no ROS."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from compressed_detector.errors import BagError, ConfigError

NS_PER_S = 1_000_000_000
# A sleep is cut into pieces of this length so that a request to stop is soon noticed.
SLICE_NS = 100_000_000
# Of two frames of a 30 Hz camera, a third of the time between them.
LATE_NS = 10_000_000


@dataclass(frozen=True)
class ReplayOptions:
    """
    What to play and how; raises ConfigError for a value that makes no sense.

    `rate` scales time (2 is twice as fast); `start_s` and `duration_s` cut a stretch out of the
    bag, in seconds of bag time; `topics` selects (empty: all); `clock_hz` is the frequency of
    /clock (0: none); `restamp` writes the time of publishing into header stamps.
    """

    rate: float = 1.0
    loop: bool = False
    start_s: float = 0.0
    duration_s: float | None = None
    topics: tuple[str, ...] = ()
    clock_hz: float = 0.0
    restamp: bool = False

    def __post_init__(self) -> None:
        _require('rate', self.rate, 0 < self.rate < math.inf, 'a number above 0')
        _require('start', self.start_s, 0 <= self.start_s < math.inf, 'seconds, 0 or more')
        if self.duration_s is not None:
            good = 0 < self.duration_s < math.inf
            _require('duration', self.duration_s, good, 'seconds, above 0')
        _require('clock', self.clock_hz, 0 <= self.clock_hz <= 1000, 'Hz, at most 1000')


def _require(name: str, value: float, good: bool, expected: str) -> None:
    if not good:
        raise ConfigError(f'{name}: expected {expected}, got {value:g}')


@dataclass(frozen=True)
class Window:
    """The stretch of a bag that is played: log times in [start_ns, stop_ns)."""

    start_ns: int
    stop_ns: int

    @property
    def length_ns(self) -> int:
        """How long one pass lasts in bag time."""
        return self.stop_ns - self.start_ns


def select_window(
    first_ns: int, last_ns: int, interval_ns: int, start_s: float, duration_s: float | None
) -> Window:
    """
    Cut the window that starts `start_s` after the first message and lasts `duration_s`.

    A bag ends `interval_ns` after its last message, when the next would have come, or after one
    second if that is unknown: so a loop repeats neither at once nor without end.
    Raises BagError when it would start after the last message.
    """
    start_ns = first_ns + round(start_s * NS_PER_S)
    if start_ns > last_ns:
        length_s = (last_ns - first_ns) / NS_PER_S
        raise BagError(
            f'start: expected at most the length of the bag, {length_s:.3f} s, got {start_s:g}'
        )
    end_ns = last_ns + (interval_ns or NS_PER_S)
    if duration_s is not None:
        end_ns = min(end_ns, start_ns + max(1, round(duration_s * NS_PER_S)))
    return Window(start_ns, end_ns)


@dataclass(frozen=True)
class Timeline:
    """
    Ties bag time to the monotonic clock: `origin_ns` is when the window's start is due.

    Every deadline is computed from the origin, never from the message before: errors do not add
    up. Further passes continue the same line, so bag time never goes back.
    """

    origin_ns: int
    window: Window
    rate: float

    def due_ns(self, log_ns: int, completed_passes: int = 0) -> int:
        """Return when a message is due on the monotonic clock."""
        elapsed_ns = completed_passes * self.window.length_ns + log_ns - self.window.start_ns
        return self.origin_ns + round(elapsed_ns / self.rate)

    def bag_ns(self, now_ns: int) -> int:
        """Return the bag time at a moment of the monotonic clock."""
        return self.window.start_ns + round((now_ns - self.origin_ns) * self.rate)


class Ticker:
    """Says when something periodic is due; what was missed is not made up for."""

    def __init__(self, hz: float, first_ns: int) -> None:
        """Tick at `hz` from `first_ns` on, never if `hz` is 0."""
        self._period_ns = round(NS_PER_S / hz) if hz else None
        self.next_ns = float('inf') if self._period_ns is None else first_ns

    def fires(self, now_ns: int) -> bool:
        """Return whether a tick is due, and if so move on to the first one after now."""
        if self._period_ns is None or now_ns < self.next_ns:
            return False
        self.next_ns += self._period_ns * ((now_ns - int(self.next_ns)) // self._period_ns + 1)
        return True


@dataclass
class Lag:
    """How far publishing fell behind the recorded timing."""

    max_ns: int = 0
    late: int = 0

    def add(self, lag_ns: int) -> None:
        """Account for one message that was published `lag_ns` after it was due."""
        self.max_ns = max(self.max_ns, lag_ns)
        self.late += lag_ns > LATE_NS


def never() -> bool:
    """Do not stop early."""
    return False


@dataclass(frozen=True)
class Pace:
    """The monotonic clock, a sleep in seconds, and whether somebody asked to stop."""

    clock_ns: Callable[[], int] = time.monotonic_ns
    sleep: Callable[[float], None] = time.sleep
    should_stop: Callable[[], bool] = never

    def rest(self, deadline_ns: float) -> None:
        """Sleep until the deadline, but no longer than it takes to notice a stop in time."""
        duration_ns = min(deadline_ns - self.clock_ns(), SLICE_NS)
        if duration_ns > 0:
            self.sleep(duration_ns / NS_PER_S)
