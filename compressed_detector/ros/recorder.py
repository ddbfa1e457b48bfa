# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""An observer on the ROS graph that notes what goes into a detector and what comes out."""

from __future__ import annotations

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray

from compressed_detector.ros.stamps import nanoseconds_of


class Recorder(Node):
    """
    Notes when images and their detections pass, and keeps the detections as they came.

    ``image_arrivals_s`` and ``answer_arrivals_s`` are monotonic seconds keyed by image stamp (ns),
    ``answers`` the serialized (CDR) Detection2DArray by the same key, and ``diagnostics`` the
    newest values of the detector's status.
    """

    def __init__(self, image_topic: str, detections_topic: str, detector_name: str) -> None:
        super().__init__('detection_recorder')
        self.image_arrivals_s: dict[int, float] = {}
        self.answer_arrivals_s: dict[int, float] = {}
        self.answers: dict[int, bytes] = {}
        self.diagnostics: dict[str, str] = {}
        self._detector_name = detector_name
        self._kind = CompressedImage if image_topic.endswith('/compressed') else Image
        best_effort = QoSProfile(depth=100, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(self._kind, image_topic, self._on_image, best_effort)
        self._answers = self.create_subscription(
            Detection2DArray, detections_topic, self._on_answer, 100, raw=True
        )
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def hears_detector(self) -> bool:
        """Whether a detector's output is there to be recorded."""
        return bool(self.count_publishers(self._answers.topic_name))

    def latencies_ms(self) -> dict[int, float]:
        """Return the time from image to answer (ms), by stamp (ns), where both were heard."""
        return {
            stamp_ns: (answered_s - self.image_arrivals_s[stamp_ns]) * 1e3
            for stamp_ns, answered_s in self.answer_arrivals_s.items()
            if stamp_ns in self.image_arrivals_s
        }

    def _on_image(self, message: Any) -> None:
        self.image_arrivals_s[nanoseconds_of(message.header.stamp)] = time.monotonic()

    def _on_answer(self, serialized: bytes) -> None:
        now = time.monotonic()
        stamp_ns = nanoseconds_of(
            deserialize_message(serialized, Detection2DArray).header.stamp
        )
        self.answer_arrivals_s[stamp_ns] = now
        self.answers[stamp_ns] = serialized

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == f'{self._detector_name}: camera':
                self.diagnostics = {item.key: item.value for item in status.values}

