# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Subscribes what a detector publishes, as it appears on the graph, and writes it into a bag."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.node import Node, NodeNameNonExistentError
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability
from rosbags.interfaces import QosTime as Duration

from compressed_detector.ros.replay_topics import load_message_class
from compressed_detector.ros.result_bag import ResultBag

# Debug images are left out: they are large, and are drawn only because somebody subscribes them.
RECORDED_TYPES = (
    'diagnostic_msgs/msg/DiagnosticArray',
    'sensor_msgs/msg/LaserScan',
    'sensor_msgs/msg/PointCloud2',
    'tf2_msgs/msg/TFMessage',
    'vision_msgs/msg/Detection2DArray',
    'vision_msgs/msg/Detection3DArray',
    'vision_msgs/msg/LabelInfo',
    'vision_msgs/msg/VisionInfo',
    'visualization_msgs/msg/MarkerArray',
)
IMAGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage')
DEPTH = 100
UNSPECIFIED = Duration(0, 0)

NamesAndTypes = list[tuple[str, list[str]]]


class ResultRecorder:
    """
    Writes the serialized outputs of one detector as they come.

    The log time is the ROS time of arrival, as in `ros2 bag record`: with use_sim_time the time
    of the bag that is played. What arrives before the first /clock is kept back until then.
    """

    def __init__(self, node: Node, detector: str, bag: ResultBag) -> None:
        """``detector`` is the full name of its node, such as /detector."""
        self._node = node
        namespace, _, self._name = detector.rpartition('/')
        self._namespace = namespace or '/'
        self._bag = bag
        self._offered: dict[str, list[Qos]] = {}
        self._early: deque[tuple[str, str, bytes]] = deque(maxlen=DEPTH)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are recorded."""
        return tuple(sorted(self._offered))

    @property
    def awaits_clock(self) -> bool:
        """Whether something is kept back because no /clock was heard yet."""
        return bool(self._early)

    def discover(self) -> None:
        """Subscribe the outputs of the detector that appeared since."""
        for topic, msgtypes in self._of_detector(self._node.get_publisher_names_and_types_by_node):
            if topic not in self._offered and msgtypes[0] in RECORDED_TYPES:
                self._subscribe(topic, msgtypes[0])

    def image_topics(self) -> list[str]:
        """Return the topics on which the detector takes images; none until it is active."""
        inputs = self._of_detector(self._node.get_subscriber_names_and_types_by_node)
        return sorted(topic for topic, msgtypes in inputs if msgtypes[0] in IMAGE_TYPES)

    def _of_detector(self, ask: Callable[[str, str], NamesAndTypes]) -> NamesAndTypes:
        """Ask the graph something about the detector; nothing while there is none."""
        try:
            return ask(self._name, self._namespace)
        except NodeNameNonExistentError:
            return []

    def _subscribe(self, topic: str, msgtype: str) -> None:
        profiles = [
            publisher.qos_profile
            for publisher in self._node.get_publishers_info_by_topic(topic)
            if publisher.node_name == self._name and publisher.node_namespace == self._namespace
        ]
        if not profiles:
            return  # gone again, or not completely known yet
        self._offered[topic] = [_recorded(profile) for profile in profiles]
        self._node.create_subscription(
            load_message_class(msgtype), topic,
            functools.partial(self._on_message, topic, msgtype), _heard(profiles), raw=True,
        )

    def _on_message(self, topic: str, msgtype: str, data: bytes) -> None:
        self._early.append((topic, msgtype, data))
        now_ns: int = self._node.get_clock().now().nanoseconds
        while now_ns and self._early:
            topic, msgtype, data = self._early.popleft()
            self._bag.write(topic, msgtype, now_ns, data, self._offered[topic])


def _heard(offered: Sequence[QoSProfile]) -> QoSProfile:
    """Return the strongest QoS that every one of these publishers serves."""
    reliable = all(p.reliability == ReliabilityPolicy.RELIABLE for p in offered)
    latched = all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in offered)
    return QoSProfile(
        depth=DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def _recorded(profile: Any) -> Qos:
    """Return an offered QoS as a bag holds it; middlewares do not tell the history."""
    return Qos(
        QosHistory.KEEP_LAST, profile.depth or DEPTH,
        QosReliability[profile.reliability.name], QosDurability[profile.durability.name],
        UNSPECIFIED, UNSPECIFIED, QosLiveliness.AUTOMATIC, UNSPECIFIED,
        avoid_ros_namespace_conventions=False,
    )
