# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One playback of a bag: wait until a message is due, publish it, keep count."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from compressed_detector.bags import BagSource, RecordedMessage, RecordedTopic
from compressed_detector.errors import BagError
from compressed_detector.ros.replay_routes import ClockPublisher, Route
from compressed_detector.ros.replay_schedule import (
    NS_PER_S,
    Lag,
    Pace,
    ReplayOptions,
    Ticker,
    Timeline,
    Window,
)

PROGRESS_HZ = 10.0


@dataclass(frozen=True)
class Progress:
    """How far a replay is: seconds into the window and its length, passes, messages so far."""

    bag_s: float
    window_s: float
    completed_passes: int
    messages: int


@dataclass(frozen=True)
class Stage:
    """What a playback works on: the bag and its window, and where the messages go."""

    source: BagSource
    window: Window
    routes: dict[RecordedTopic, Route]
    clock: ClockPublisher | None
    ros_time_ns: Callable[[], int]


class Playback:
    """
    Plays a window of a bag, once or in a loop.

    The monotonic clock starts when the first message has been read, so opening and unpacking
    are not lag. Between messages it publishes /clock and reports progress.
    """

    def __init__(
        self,
        stage: Stage,
        options: ReplayOptions,
        pace: Pace,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.published = dict.fromkeys(stage.routes, 0)
        self.lag = Lag()
        self.completed_passes = 0
        self.interrupted = False
        self._stage = stage
        self._options = options
        self._pace = pace
        self._on_progress = on_progress

    def run(self) -> None:
        """
        Play until the end, or until asked to stop.

        Raises BagError when the bag turns out to be damaged, or no message lies in the window.
        """
        messages = self._passes()
        first = next(messages)
        self._start(self._pace.clock_ns())
        for message in itertools.chain([first], messages):
            due_ns = self._timeline.due_ns(message.log_ns, self.completed_passes)
            if not self._wait_until(due_ns):
                self.interrupted = True
                return
            self._publish(message, due_ns)
        if self._on_progress:
            length_s = self._stage.window.length_ns / NS_PER_S
            self._on_progress(Progress(length_s, length_s, 0, sum(self.published.values())))

    def _start(self, now_ns: int) -> None:
        self._timeline = Timeline(now_ns, self._stage.window, self._options.rate)
        self._clock_ticker = Ticker(self._options.clock_hz, now_ns)
        self._progress_ticker = Ticker(PROGRESS_HZ if self._on_progress else 0.0, now_ns)

    def _passes(self) -> Iterator[RecordedMessage]:
        window = self._stage.window
        while True:
            empty = True
            for message in self._stage.source.messages(
                self._stage.routes, window.start_ns, window.stop_ns
            ):
                empty = False
                yield message
            if empty:
                raise BagError(
                    f'bag {self._stage.source.path}: expected messages of '
                    f'{", ".join(topic.name for topic in self._stage.routes)} within '
                    f'{window.length_ns / NS_PER_S:g} s from the start, got none'
                )
            self.completed_passes += 1
            if not self._options.loop:
                return

    def _wait_until(self, due_ns: int) -> bool:
        """Let time pass until the deadline, and return whether it came before a stop."""
        while not self._pace.should_stop():
            now_ns = self._pace.clock_ns()
            self._tick(now_ns)
            if now_ns >= due_ns:
                return True
            self._pace.rest(min(due_ns, self._clock_ticker.next_ns))
        return False

    def _tick(self, now_ns: int) -> None:
        if self._clock_ticker.fires(now_ns) and self._stage.clock:
            self._stage.clock.publish(self._timeline.bag_ns(now_ns))
        if self._progress_ticker.fires(now_ns) and self._on_progress:
            self._on_progress(self._progress(now_ns))

    def _progress(self, now_ns: int) -> Progress:
        window = self._stage.window
        played_ns = self._timeline.bag_ns(now_ns) - window.start_ns
        in_pass_ns = played_ns - self.completed_passes * window.length_ns
        return Progress(
            bag_s=max(0, in_pass_ns) / NS_PER_S,
            window_s=window.length_ns / NS_PER_S,
            completed_passes=self.completed_passes,
            messages=sum(self.published.values()),
        )

    def _publish(self, message: RecordedMessage, due_ns: int) -> None:
        route = self._stage.routes[message.topic]
        now_ns = self._pace.clock_ns()
        route.publish(message.data, self._stamp_ns(route, now_ns))
        self.published[message.topic] += 1
        self.lag.add(now_ns - due_ns)

    def _stamp_ns(self, route: Route, now_ns: int) -> int | None:
        """Return the stamp for a message's header, None to keep the recorded one."""
        if not (self._options.restamp and route.has_header):
            return None
        if self._stage.clock is None:
            return self._stage.ros_time_ns()
        # No stamp may be newer than the clock that its receivers have seen.
        bag_ns = self._timeline.bag_ns(now_ns)
        self._stage.clock.publish(bag_ns)
        return bag_ns
