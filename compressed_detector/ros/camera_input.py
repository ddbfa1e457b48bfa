# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What one camera sends: images, their calibration and depth, and who sends them."""

from __future__ import annotations

import collections
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
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from compressed_detector.config import CameraSettings
from compressed_detector.config.camera import calibration_topic
from compressed_detector.ros.judgement import Camera
from compressed_detector.ros.stamps import seconds_of

try:
    from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks, UnsupportedEventTypeError

# What a burst may bring, or what comes while the executor is busy. With less, the middleware
# overwrites images that are then in nobody's count: neither received nor lost.
QUEUE = 10
# A depth image belongs to a colour image when their stamps are this close.
DEPTH_TOLERANCE_S = 0.05


class CameraInput:
    """
    Subscribes a camera's topics, best effort.

    ``on_image`` gets the newest image that has arrived, and how many older ones came with it.

    The transport ``compressed`` reads the topic that image_transport derives from the image's:
    remap the image topic in both cases.
    """

    def __init__(
        self,
        node: LifecycleNode,
        settings: CameraSettings,
        on_image: Callable[[Any, int], None],
        on_lost: Callable[[int], None],
    ) -> None:
        base = node.resolve_topic_name(settings.image_topic)
        self._compressed = settings.image_transport == 'compressed'
        self.topic = f'{base}/compressed' if self._compressed else base
        self.camera_info: CameraInfo | None = None
        self._node = node
        self._on_image, self._on_lost = on_image, on_lost
        self._depth_images: collections.deque[Image] = collections.deque(maxlen=5)
        self._unpublished_until_s = time.monotonic()
        self._qos = _best_effort(QUEUE)
        kind = CompressedImage if self._compressed else Image
        info_topic = settings.camera_info_topic or calibration_topic(base)
        self._images = self._subscribe(
            kind, self.topic, self._take_newest, self._qos, self._count_lost
        )
        self._subscriptions = [
            self._images,
            self._subscribe(CameraInfo, info_topic, self._on_camera_info, _best_effort(1)),
        ]
        if settings.depth_topic:
            self._subscriptions.append(
                self._subscribe(
                    Image, settings.depth_topic, self._on_depth_image, _best_effort(5)
                )
            )

    def depth_at(self, stamp: Any) -> Image | None:
        """Return the depth image that belongs to an image's stamp; None when there is none."""
        wanted_s = seconds_of(stamp)
        nearest = min(
            tuple(self._depth_images),
            key=lambda depth: abs(seconds_of(depth.header.stamp) - wanted_s), default=None,
        )
        if nearest is None:
            return None
        apart_s = abs(seconds_of(nearest.header.stamp) - wanted_s)
        return nearest if apart_s <= DEPTH_TOLERANCE_S else None

    def on_graph(self, ranging: str) -> Camera:
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
            ranging=ranging,
        )

    def close(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def _take_newest(self, message: Any) -> None:
        """Empty the queue: one by one, the worker would be given the oldest of a burst."""
        overtaken, handle = 0, self._images.handle
        with handle:
            # As rclpy's executor takes them; there is no other way to ask for what waits. It ends
            # for a sender that is faster, too.
            while overtaken < QUEUE and (taken := handle.take_message(type(message), False)):
                message = taken[0]
                overtaken += 1
        self._on_image(message, overtaken)

    def _on_camera_info(self, message: CameraInfo) -> None:
        self.camera_info = message

    def _on_depth_image(self, message: Image) -> None:
        self._depth_images.append(message)

    def _count_lost(self, event: Any) -> None:
        self._on_lost(event.total_count_change)

    def _subscribe(
        self,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile,
        on_lost: Callable[[Any], None] | None = None,
    ) -> Any:
        options = {'qos_overriding_options': QoSOverridingOptions.with_default_policies()}
        events = SubscriptionEventCallbacks(message_lost=on_lost)
        try:
            return self._node.create_subscription(
                kind, topic, callback, qos, event_callbacks=events, **options
            )
        except UnsupportedEventTypeError:
            # Not every middleware reports lost messages.
            return self._node.create_subscription(kind, topic, callback, qos, **options)


def _best_effort(depth: int) -> QoSProfile:
    return QoSProfile(depth=depth, reliability=QoSReliabilityPolicy.BEST_EFFORT)
