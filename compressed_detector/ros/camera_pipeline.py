# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One camera's way through the node: convert, detect, locate, publish."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode

from compressed_detector.config import CameraSettings, NodeConfig
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.obstacles import Obstacles
from compressed_detector.detection.tracking import Tracker, Tracks, Velocities
from compressed_detector.detection.types import Detections, Floats
from compressed_detector.errors import RangingError
from compressed_detector.ros.camera_input import CameraInput
from compressed_detector.ros.camera_outputs import CameraOutputs, Located
from compressed_detector.ros.health import Health, Snapshot
from compressed_detector.ros.image_messages import to_bgr
from compressed_detector.ros.judgement import Camera
from compressed_detector.ros.locator import Locator, wants_ranges
from compressed_detector.ros.mounting import Mountings
from compressed_detector.ros.pacing import Pacer
from compressed_detector.ros.stamps import nanoseconds_of


@dataclass(frozen=True)
class Frame:
    """An image message of a camera, when it arrived (monotonic seconds), and who counts it."""

    camera: CameraPipeline
    message: Any
    received_s: float
    health: Health


class CameraPipeline:
    """
    Everything that belongs to one camera: its topics, its numbers, its outputs.

    ``receive`` runs in the executor's thread and never waits for inference; ``answer`` runs in
    the worker's.
    """

    def __init__(
        self,
        node: LifecycleNode,
        name: str,
        settings: Callable[[], CameraSettings],
        hand_over: Callable[[Frame], bool],
    ) -> None:
        self.name = name
        self.health = Health()
        # Of its own: what is said seldom is counted by logger, and every camera is to be heard.
        self.logger = node.get_logger().get_child(name) if name else node.get_logger()
        self.outputs = CameraOutputs(node, name)
        self._node = node
        self._settings = settings
        self._hand_over = hand_over
        self._mountings = Mountings(node)
        self._locator = Locator()
        self._tracker, self._velocities = Tracker(), Velocities()
        self._pacer = Pacer()
        self._model: Detector | None = None
        self._ranging_problem = ''
        self._input: CameraInput | None = None

    @property
    def listening(self) -> bool:
        """Whether images are subscribed."""
        return self._input is not None

    def listen(self) -> None:
        """Subscribe images, and count from zero."""
        self.health, self._pacer, self._ranging_problem = Health(), Pacer(), ''
        self._input = CameraInput(
            self._node, self._settings(), self.receive, self.health.count_lost
        )

    def mute(self) -> None:
        """Unsubscribe images."""
        if self._input is not None:
            self._input.close()
            self._input = None

    def close(self) -> None:
        """Leave the graph."""
        self.mute()
        self.outputs.close()
        self._mountings.close()

    def state(self) -> tuple[Camera, Snapshot, float] | None:
        """Return camera, numbers and image timeout to be judged; None while not listening."""
        if self._input is None:
            return None
        camera = self._input.on_graph(self._ranging_problem)
        return camera, self.health.snapshot(), self._settings().image_timeout

    def receive(self, message: Any, overtaken: int) -> None:
        """Take an image and hand it over; so many older ones arrived with it."""
        self.health.count_received(1 + overtaken)
        self.health.count_replaced(overtaken)
        received_s = time.monotonic()
        if not self._pacer.due(received_s, self._settings().max_rate):
            self.health.count_skipped()
        elif self._hand_over(Frame(self, message, received_s, self.health)):
            self.health.count_replaced()

    def answer(self, frame: Frame, detector: Detector, config: NodeConfig) -> None:
        """Publish what is in an image; raises ImageError when it is no image."""
        settings, header = self._settings(), frame.message.header
        if settings.max_age and self._age_s(header) > settings.max_age:
            frame.health.count_too_old()
            return
        image = to_bgr(frame.message)
        size = (image.shape[1], image.shape[0])
        self._forget_tracks_of_another(detector)
        tracks = self._track(detector.detect(image, config), header, size, config)
        self.outputs.publish_detections(tracks, detector.labels, header)
        unranged = self._publish_obstacles(tracks, size, detector.labels, header, settings)
        frame.health.count_processed(
            frame.received_s, detector.inference_s, self._age_s(header), unranged)
        self.outputs.publish_debug_image(image, tracks.detections, detector.labels, header)

    def _forget_tracks_of_another(self, model: Detector) -> None:
        # Its class ids may mean other things, or nothing.
        if model is not self._model:
            self._tracker.forget()
            self._model = model

    def _track(
        self, detections: Detections, header: Any, size: tuple[int, int], config: NodeConfig
    ) -> Tracks:
        if not config.tracking:
            return Tracks.untracked(detections)
        return self._tracker.update(nanoseconds_of(header.stamp), detections, size, config)

    def _publish_obstacles(
        self, tracks: Tracks, size: tuple[int, int], labels: Sequence[str], header: Any,
        settings: CameraSettings,
    ) -> int:
        """Publish obstacles if ranges are wanted; return how many objects have none."""
        source = self._input  # the executor's thread may mute it meanwhile
        if not wants_ranges(settings) or source is None:
            return 0
        try:
            obstacles, view = self._locator.locate(
                tracks.detections,
                size,
                source.camera_info,
                source.depth_at(header.stamp),
                self._mountings.of(settings, header.frame_id),
                settings,
            )
        except RangingError as error:
            self._ranging_problem = str(error)
            return len(tracks)
        self._ranging_problem = ''
        located = Located(tracks, obstacles, self._velocities_of(tracks, obstacles, header))
        self.outputs.publish_obstacles(located, view, labels, header, settings)
        return len(tracks) - len(obstacles)

    def _velocities_of(self, tracks: Tracks, obstacles: Obstacles, header: Any) -> Floats:
        """Return the velocities (M, 3) of the obstacles, m/s, optical frame; NaN if unknown."""
        places = np.full((len(tracks), 3), np.nan, np.float32)
        places[obstacles.rows] = obstacles.centres_m
        velocities = self._velocities.update(nanoseconds_of(header.stamp), tracks, places)
        return velocities[obstacles.rows]

    def _age_s(self, header: Any) -> float:
        now_ns: int = self._node.get_clock().now().nanoseconds
        return (now_ns - nanoseconds_of(header.stamp)) * 1e-9
