# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A recorded bag back onto the live graph, with the timing it was recorded with."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from compressed_detector.bags import BagSource, RecordedTopic
from compressed_detector.errors import BagError, RosError
from compressed_detector.ros import large_messages
from compressed_detector.ros.playback import Playback, Progress, Stage
from compressed_detector.ros.replay_routes import (
    ClockPublisher,
    Route,
    SkippedTopic,
    create_routes,
)
from compressed_detector.ros.replay_schedule import (
    NS_PER_S,
    Pace,
    ReplayOptions,
    Window,
    select_window,
)
from compressed_detector.ros.tool_node import create_tool_node

NODE_NAME = 'replay_bag'
POLL_NS = NS_PER_S // 50
ACK_TIMEOUT_S = 2.0
# A publisher knows of a match before the subscriber does (up to 0.1 s was seen); what a best
# effort subscriber is sent in between is lost, and nothing on the graph tells when it is over.
SETTLE_S = 0.5


@dataclass(frozen=True)
class ReplayResult:
    """
    What was played.

    `published` counts messages by the topic's name in the bag; `late` messages went out more
    than 10 ms after they were due, the worst `max_lag_ms` after; `missing` counts messages that
    the bag's metadata promise but its files lack (known only after one whole pass).
    """

    published: dict[str, int]
    skipped: tuple[SkippedTopic, ...]
    missing: dict[str, int]
    wall_s: float
    late: int
    max_lag_ms: float
    interrupted: bool


class BagPlayer:
    """
    Publishes the messages of a bag as the serialized bytes that they are.

    Nothing is decoded, so any message type plays whose package is installed; the others are in
    `skipped`. The node's QoS parameters override what the bag recorded, for example
    ``-p qos_overrides./camera/image.publisher.reliability:=reliable``. It ends early when
    `pace.should_stop` says so or the node's context is shut down.
    """

    def __init__(
        self,
        node: Node,
        source: BagSource,
        options: ReplayOptions | None = None,
        pace: Pace | None = None,
    ) -> None:
        """
        Create the publishers; the source stays the caller's to close.

        Raises BagError if nothing can be played: an unknown topic, no installed message type.
        """
        self.options = options or ReplayOptions()
        self.skipped: tuple[SkippedTopic, ...] = ()
        self.routes: tuple[Route, ...] = ()
        self._node = node
        pace = pace or Pace()
        asked = pace.should_stop
        self._pace = dataclasses.replace(
            pace, should_stop=lambda: asked() or not node.context.ok()
        )
        self._clock: ClockPublisher | None = None
        self._source = source
        self._window = self._select_window()
        self._open_publishers()

    def __enter__(self) -> BagPlayer:
        """Return the player itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the player."""
        self.close()

    def close(self) -> None:
        """Destroy the publishers."""
        for publisher in (*self.routes, self._clock):
            if publisher:
                publisher.close(self._node)
        self.routes, self._clock = (), None

    def wait_for_subscribers(
        self, count: int, timeout_s: float, topics: Sequence[str] = ()
    ) -> bool:
        """
        Wait until every topic that holds messages has `count` subscribers; False if stopped.

        With `topics`, named as in the bag, only these have to. Then it gives them half a second
        to know of the publishers as well. Raises RosError after `timeout_s` seconds with the
        topics that still lack some, and BagError when the bag has no such topic.
        """
        awaited = self._source.select(topics)
        deadline_ns = self._pace.clock_ns() + round(timeout_s * NS_PER_S)
        while lacking := self._lacking(count, awaited):
            if self._pace.should_stop():
                return False
            if self._pace.clock_ns() >= deadline_ns:
                raise RosError(
                    f'expected at least {count} subscriber(s) of every topic within '
                    f'{timeout_s:g} s, got fewer of {", ".join(lacking)}; start them, choose '
                    'other topics with --topics, or compare the QoS with: ros2 topic info -v'
                )
            self._pace.rest(self._pace.clock_ns() + POLL_NS)
        self.wait(SETTLE_S)
        return True

    def wait(self, duration_s: float) -> None:
        """Let time pass, unless asked to stop."""
        deadline_ns = self._pace.clock_ns() + round(duration_s * NS_PER_S)
        while self._pace.clock_ns() < deadline_ns and not self._pace.should_stop():
            self._pace.rest(deadline_ns)

    def play(self, on_progress: Callable[[Progress], None] | None = None) -> ReplayResult:
        """
        Play the window once, or in a loop until asked to stop; report at 10 Hz.

        At the end it waits up to 2 s until reliable subscribers have everything. Raises
        BagError when the bag turns out to be damaged, or no message lies in the window.
        """
        started_ns = self._pace.clock_ns()
        routes = {route.topic: route for route in self.routes}
        stage = Stage(self._source, self._window, routes, self._clock, self._ros_time_ns)
        playback = Playback(stage, self.options, self._pace, on_progress)
        playback.run()
        wall_s = (self._pace.clock_ns() - started_ns) / NS_PER_S
        if not playback.interrupted:
            self._wait_for_acks()
        return self._result(playback, wall_s)

    def _select_window(self) -> Window:
        source, options = self._source, self.options
        return select_window(
            source.first_ns, source.last_ns, source.interval_ns, options.start_s,
            options.duration_s,
        )

    def _open_publishers(self) -> None:
        topics = self._source.select(self.options.topics)
        clock_is_ours = self.options.clock_hz > 0
        routes, skipped = create_routes(self._node, topics, clock_is_ours)
        self.routes, self.skipped = tuple(routes), tuple(skipped)
        if not routes:
            reasons = '; '.join(f'{s.topic} ({s.msgtype}): {s.reason}' for s in skipped)
            raise BagError(f'nothing in bag {self._source.path} can be played: {reasons}')
        if clock_is_ours:
            self._clock = ClockPublisher(self._node)

    def _lacking(self, count: int, awaited: Sequence[RecordedTopic]) -> list[str]:
        return [
            route.live_name
            for route in self.routes
            if route.topic.message_count and route.topic in awaited and route.subscribers < count
        ]

    def _ros_time_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)

    def _wait_for_acks(self) -> None:
        deadline_ns = self._pace.clock_ns() + round(ACK_TIMEOUT_S * NS_PER_S)
        for route in self.routes:
            while not route.all_acked(POLL_NS / NS_PER_S):
                if self._pace.should_stop() or self._pace.clock_ns() >= deadline_ns:
                    return

    def _result(self, playback: Playback, wall_s: float) -> ReplayResult:
        published: dict[str, int] = {}
        missing: dict[str, int] = {}
        uncut = self.options.start_s == 0 and self.options.duration_s is None
        for topic, count in playback.published.items():
            published[topic.name] = published.get(topic.name, 0) + count
            lost = topic.message_count * playback.completed_passes - count
            if uncut and lost > 0:
                missing[topic.name] = missing.get(topic.name, 0) + lost
        return ReplayResult(
            published=published,
            skipped=self.skipped,
            missing=missing,
            wall_s=wall_s,
            late=playback.lag.late,
            max_lag_ms=playback.lag.max_ns / 1e6,
            interrupted=playback.interrupted,
        )


@contextlib.contextmanager
def replay_node(
    ros_arguments: Sequence[str] = (), msgtypes: Iterable[str] = ()
) -> Iterator[Node]:
    """
    Give a node of its own context, spun by a thread: for parameters, /clock and QoS warnings.

    The middleware is prepared for messages of `msgtypes`, of which some tend to be large. Signal
    handlers are the caller's. Raises RosError when a ROS argument is not understood.
    """
    large_messages.prepare_for(msgtypes)
    node = create_tool_node(NODE_NAME, ros_arguments)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, name=NODE_NAME, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()
        node.context.try_shutdown()
