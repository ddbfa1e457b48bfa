# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The publishers of a replay: one per recorded topic that can be played, and /clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builtin_interfaces.msg import Time
from rclpy.duration import Duration
from rclpy.exceptions import NameValidationException
from rclpy.node import Node
from rclpy.qos_overriding_options import QoSOverridingOptions, QoSPolicyKind
from rosgraph_msgs.msg import Clock

from compressed_detector.bags import RecordedTopic
from compressed_detector.errors import RosError
from compressed_detector.ros import large_messages
from compressed_detector.ros.replay_schedule import NS_PER_S
from compressed_detector.ros.replay_topics import (
    begins_with_header,
    load_message_class,
    offered_qos,
    restamp,
)

CLOCK_TOPIC = '/clock'
OVERRIDABLE_QOS = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY,
)


@dataclass(frozen=True)
class SkippedTopic:
    """A topic of the bag that is not played, and why."""

    topic: str
    msgtype: str
    reason: str


class Route:
    """A recorded topic and the publisher that plays it."""

    def __init__(self, node: Node, topic: RecordedTopic) -> None:
        """Create the publisher; raises RosError with the reason if that is impossible."""
        message_class = load_message_class(topic.msgtype, topic.type_hash)
        self.topic = topic
        self._logger = node.get_logger()
        self.has_header = begins_with_header(message_class)
        try:
            self._publisher = node.create_publisher(
                message_class,
                topic.name,
                offered_qos(topic.name, topic.qos),
                qos_overriding_options=QoSOverridingOptions(OVERRIDABLE_QOS),
            )
        # RuntimeError: the middleware refuses the QoS, or an override is not a policy.
        except (NameValidationException, RuntimeError) as error:
            raise RosError(str(error).strip()) from error

    @property
    def live_name(self) -> str:
        """The name on the graph, after remapping."""
        return str(self._publisher.topic_name)

    @property
    def subscribers(self) -> int:
        """How many subscribers the publisher is matched with."""
        return int(self._publisher.get_subscription_count())

    def publish(self, data: bytes, stamp_ns: int | None = None) -> None:
        """Publish CDR bytes, with another header stamp if one is given and there is a header."""
        if stamp_ns is not None and self.has_header:
            data = restamp(data, stamp_ns)
        if large_messages.may_be_lost(len(data)):
            self._logger.warning(large_messages.WARNING, once=True)
        self._publisher.publish(data)

    def all_acked(self, timeout_s: float) -> bool:
        """Wait until reliable subscribers acknowledged everything, and return whether they did."""
        return bool(self._publisher.wait_for_all_acked(Duration(seconds=timeout_s)))

    def close(self, node: Node) -> None:
        """Destroy the publisher."""
        node.destroy_publisher(self._publisher)


def create_routes(
    node: Node, topics: Iterable[RecordedTopic], clock_is_ours: bool
) -> tuple[list[Route], list[SkippedTopic]]:
    """
    Create a route for each topic that can be played, and say why the others cannot.

    The bag's own /clock is left out if the replay publishes one: two clocks would fight.
    """
    routes: list[Route] = []
    skipped: list[SkippedTopic] = []
    for topic in topics:
        try:
            if clock_is_ours and topic.name == CLOCK_TOPIC:
                raise RosError('replaced by the clock of this replay')
            routes.append(Route(node, topic))
        except RosError as error:
            skipped.append(SkippedTopic(topic.name, topic.msgtype, str(error)))
    return routes, skipped


class ClockPublisher:
    """Publishes /clock."""

    def __init__(self, node: Node) -> None:
        # Reliable, because that serves best-effort subscribers as well.
        self._publisher = node.create_publisher(Clock, CLOCK_TOPIC, 10)

    def publish(self, time_ns: int) -> None:
        """Publish a time in ns since the epoch."""
        seconds, nanoseconds = divmod(time_ns, NS_PER_S)
        self._publisher.publish(Clock(clock=Time(sec=seconds, nanosec=nanoseconds)))

    def close(self, node: Node) -> None:
        """Destroy the publisher."""
        node.destroy_publisher(self._publisher)
