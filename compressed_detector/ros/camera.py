# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One camera's subscription, and what the ROS graph says about its publishers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import (
    QoSCompatibility,
    QoSProfile,
    QoSReliabilityPolicy,
    qos_check_compatible,
)
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage, Image

from compressed_detector.ros.health import Camera

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError


class CameraSubscription:
    """
    Subscribes a camera's images, best effort, newest only.

    The transport ``compressed`` reads the topic that image_transport derives from the image's:
    remap ``image`` in both cases.
    """

    def __init__(
        self,
        node: LifecycleNode,
        transport: str,
        on_image: Callable[[Any], None],
        on_lost: Callable[[int], None],
    ) -> None:
        base = node.resolve_topic_name('image')
        self._compressed = transport == 'compressed'
        self.topic = f'{base}/compressed' if self._compressed else base
        self._node = node
        self._on_lost = on_lost
        self._unpublished_until_s = time.monotonic()
        self._qos = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        self._subscription = self._subscribe(on_image)

    def on_graph(self) -> Camera:
        """Return how many publishers the topic has, and which of them cannot be heard."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        if not publishers:
            self._unpublished_until_s = time.monotonic()
        problems = []
        for publisher in publishers:
            compatibility, reason = qos_check_compatible(publisher.qos_profile, self._qos)
            if compatibility == QoSCompatibility.ERROR:
                problems.append(f'{publisher.node_name}: {reason}')
        return Camera(
            topic=self.topic,
            publishers=len(publishers),
            published_s=time.monotonic() - self._unpublished_until_s,
            compressed=self._compressed,
            incompatible=tuple(problems),
        )

    def close(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self._subscription)

    def _subscribe(self, on_image: Callable[[Any], None]) -> Any:
        kind = CompressedImage if self._compressed else Image
        options = {'qos_overriding_options': QoSOverridingOptions.with_default_policies()}
        events = SubscriptionEventCallbacks(
            message_lost=lambda event: self._on_lost(event.total_count_change)
        )
        try:
            return self._node.create_subscription(
                kind, self.topic, on_image, self._qos, event_callbacks=events, **options
            )
        except UnsupportedEventTypeError:
            # Not every middleware reports lost messages.
            return self._node.create_subscription(
                kind, self.topic, on_image, self._qos, **options
            )
