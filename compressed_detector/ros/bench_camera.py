# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A camera at a steady rate that hears how old the detector's answers are."""

from __future__ import annotations

import itertools
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from compressed_detector.detection import types
from compressed_detector.ros.stamps import nanoseconds_of

TOPIC, FRAME_ID, STATUS = '/camera/image', 'camera_optical_frame', 'detector: camera'
JPEG_QUALITY = 90


@dataclass(frozen=True)
class Condition:
    """What a camera sends: pixels, ``transport`` (raw or compressed), and how often."""

    width: int
    height: int
    transport: str
    rate_hz: float


class BenchCamera(Node):
    """
    Shows pictures (BGR) in turn, and notes what the detector says about them.

    ``ages_ms`` are from the stamp of an image to the publication of its answer, by stamp (ns), of
    ``sent`` images since ``begin``; ``values`` are the detector's newest diagnostics of a camera.
    """

    def __init__(self, condition: Condition, pictures: Sequence[types.Image]) -> None:
        super().__init__('benchmark_camera')
        self.sent = 0
        self.ages_ms: dict[int, float] = {}
        self.values: Mapping[str, str] = {}
        self._condition = condition
        self._messages = itertools.cycle(_messages(condition, pictures))
        self._reported, self._first_ns = False, 0
        compressed = condition.transport == 'compressed'
        self._publisher = self.create_publisher(
            CompressedImage if compressed else Image,
            f'{TOPIC}/compressed' if compressed else TOPIC,
            QoSProfile(depth=5, reliability=QoSReliabilityPolicy.BEST_EFFORT),
        )
        self.create_subscription(
            Detection2DArray, '/detector/detections', self._on_answer, 100, raw=True)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)

    def is_heard(self) -> bool:
        """Whether the node and the camera know each other, which takes discovery both ways."""
        return bool(self._publisher.get_subscription_count()
                    and self.values.get('image publishers') == '1')

    def start(self) -> None:
        """Send images from now on."""
        self._timer = self.create_timer(1 / self._condition.rate_hz, self._send)

    def begin(self) -> None:
        """Count from the next image on."""
        self.sent, self._first_ns = 0, self.get_clock().now().nanoseconds
        self.ages_ms.clear()

    def stop(self) -> None:
        """Send no more."""
        self.destroy_timer(self._timer)

    def is_settled(self) -> bool:
        """Whether all that was sent is answered, and the node has reported since."""
        return len(self.ages_ms) >= self.sent and self._reported

    def spin_until(
        self, condition: Callable[[], bool], timeout_s: float | None, check: Callable[[], None]
    ) -> None:
        """Spin until a condition holds; raises TimeoutError."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not condition():
            check()
            if deadline_s is not None and time.monotonic() > deadline_s:
                raise TimeoutError(f'waited {timeout_s} s for the detector node')
            self._executor.spin_once(timeout_sec=0.1)

    def leave(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.destroy_node()

    def _send(self) -> None:
        message = next(self._messages)
        message.header.stamp = self.get_clock().now().to_msg()
        self._publisher.publish(message)
        self.sent += 1

    def _on_answer(self, serialized: bytes, info: Mapping[str, Any]) -> None:
        # A message begins with its header, so that the rest can be left as it is.
        stamp_ns = nanoseconds_of(deserialize_message(serialized, Header).stamp)
        if stamp_ns >= self._first_ns:
            self.ages_ms[stamp_ns] = (info['source_timestamp'] - stamp_ns) / 1e6
            self._reported = False

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == STATUS:
                self.values = {item.key: item.value for item in status.values}
                self._reported = True


def _messages(condition: Condition, pictures: Sequence[types.Image]) -> list[Any]:
    size = condition.width, condition.height
    resized = [cv2.resize(picture, size) for picture in pictures]
    header = Header(frame_id=FRAME_ID)
    if condition.transport == 'compressed':
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        return [
            CompressedImage(
                header=header, format='bgr8; jpeg compressed bgr8',
                data=array('B', cv2.imencode('.jpg', picture, quality)[1].tobytes()))
            for picture in resized
        ]
    return [
        Image(header=header, width=size[0], height=size[1], step=3 * size[0], encoding='bgr8',
              data=array('B', picture.tobytes()))
        for picture in resized
    ]
