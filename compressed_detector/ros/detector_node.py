# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The detector as a ROS 2 lifecycle node: subscribe, hand over, publish."""

from __future__ import annotations

import functools
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray

from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.drawing import draw
from compressed_detector.errors import ImageError, ModelError
from compressed_detector.resources import model_folders
from compressed_detector.ros import image_messages, outputs
from compressed_detector.ros.camera import CameraSubscription
from compressed_detector.ros.health import Camera, Health, Level, Snapshot, judge
from compressed_detector.ros.parameters import Parameters
from compressed_detector.ros.worker import Worker

WARNING_PERIOD_S = 5.0


@dataclass(frozen=True)
class Frame:
    """An image message and when it arrived (monotonic seconds)."""

    message: Any
    received_s: float


Transition = Callable[['DetectorNode', LifecycleState], TransitionCallbackReturn]


def _said_aloud(transition: Transition) -> Transition:
    """Log what a transition raises: rclpy turns it into an error state without a word."""

    @functools.wraps(transition)
    def guarded(self: DetectorNode, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(self, state)
        except Exception as error:
            if not self.context.ok():
                return TransitionCallbackReturn.ERROR  # a signal ended ROS while this ran
            self._problem = f'{transition.__name__}: {type(error).__name__}: {error}'
            self.get_logger().error(traceback.format_exc())
            return TransitionCallbackReturn.ERROR

    return guarded


class DetectorNode(LifecycleNode):
    """
    Publishes what a compressed detector sees in a camera's images.

    Subscribes ``image`` (sensor_msgs/Image, or CompressedImage on ``image/compressed``); publishes
    ``~/detections`` for every processed image, empty ones included, ``~/debug_image`` while
    somebody subscribes it, and ``/diagnostics`` at 1 Hz in every state.
    """

    def __init__(self) -> None:
        """Declare parameters; raises ConfigError when a given value is refused."""
        super().__init__('detector')
        self._state = 'unconfigured'
        self._problem = ''
        self._detector: Detector | None = None
        self._worker: Worker[Frame] | None = None
        self._camera: CameraSubscription | None = None
        self._health = Health()
        self._configuration = Parameters(self, lambda: self._state == 'unconfigured')
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # A steady clock: simulated time may stand still, and silence must be reported then too.
        self.create_timer(1.0, self._report, clock=Clock(clock_type=ClockType.STEADY_TIME))

    @property
    def autostart(self) -> bool:
        """Whether the node configures and activates itself."""
        return self._configuration.config.autostart

    @_said_aloud
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and create the publishers."""
        config = self._configuration.config
        try:
            manifest = find_manifest(config.model, model_folders())
            self._detector = Detector.load(manifest, config.num_threads)
        except ModelError as error:
            self._problem = str(error)
            self.get_logger().error(f'cannot load the model: {error}')
            return TransitionCallbackReturn.FAILURE
        self._problem = ''
        self._detections_out = self.create_publisher(Detection2DArray, '~/detections', 10)
        self._debug_out = self.create_publisher(Image, '~/debug_image', 1)
        self.get_logger().info(f'loaded {manifest} ({len(self._detector.labels)} classes)')
        return self._reached('inactive')

    @_said_aloud
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker, then let images in."""
        self._health = Health()
        self._worker = Worker(self._process)
        self._worker.start()
        transport = self._configuration.config.image_transport
        self._camera = CameraSubscription(
            self, transport, self._receive, self._health.count_lost
        )
        self.get_logger().info(f'detecting on {self._camera.topic}')
        return self._reached('active')

    @_said_aloud
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening, finish the image in progress."""
        self._stop()
        return self._reached('inactive')

    @_said_aloud
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the model and the publishers."""
        self._release()
        return self._reached('unconfigured')

    @_said_aloud
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from whatever state."""
        self._release()
        return self._reached('finalized')

    @_said_aloud
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything and wait to be configured again."""
        self._release()
        return self._reached('unconfigured')

    def destroy_node(self) -> None:
        """Stop the worker before its publishers go."""
        self._stop()
        super().destroy_node()

    def _reached(self, state: str) -> TransitionCallbackReturn:
        self._state = state
        return TransitionCallbackReturn.SUCCESS

    def _stop(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _release(self) -> None:
        self._stop()
        if self._detector is not None:
            self._detector = None
            self.destroy_publisher(self._detections_out)
            self.destroy_publisher(self._debug_out)

    def _receive(self, message: Any) -> None:
        """Take an image from the executor's thread, which never waits for inference."""
        if self._worker is None:
            return
        self._health.count_received()
        if self._worker.put(Frame(message, time.monotonic())):
            self._health.count_replaced()

    def _process(self, frame: Frame) -> None:
        """Answer one image, in the worker's thread."""
        try:
            self._detect_and_publish(frame)
        except ImageError as error:
            self._health.count_undecodable(error.reason)
            self.get_logger().warning(
                f'dropped an image: {error}', throttle_duration_sec=WARNING_PERIOD_S
            )
        except Exception:
            if not self.context.ok():
                return  # a signal ended ROS while this image was in progress
            # Whatever is wrong with one image must not silence the node for the next.
            self._health.count_undecodable('internal error')
            self.get_logger().error(
                f'dropped an image: {traceback.format_exc()}',
                throttle_duration_sec=WARNING_PERIOD_S,
            )

    def _detect_and_publish(self, frame: Frame) -> None:
        assert self._detector is not None, 'the worker runs only while a model is loaded'
        header, labels = frame.message.header, self._detector.labels
        image = image_messages.to_bgr(frame.message)
        detections = self._detector.detect(image, self._configuration.config)
        self._detections_out.publish(outputs.to_detection_array(detections, labels, header))
        self._health.count_processed(frame.received_s)
        if self._debug_out.get_subscription_count():
            picture = draw(image, detections, labels)
            self._debug_out.publish(image_messages.to_message(picture, header))

    def _report(self) -> None:
        active = (self._camera.on_graph(), self._health.snapshot()) if self._camera else None
        level, message = self._judgement(active)
        if level is not Level.OK:
            self.get_logger().warning(message, throttle_duration_sec=WARNING_PERIOD_S)
        self._diagnostics.publish(outputs.to_diagnostics(
            f'{self.get_name()}: image', level, message, self._state, active,
            self.get_clock().now().to_msg(),
        ))

    def _judgement(self, active: tuple[Camera, Snapshot] | None) -> tuple[Level, str]:
        if self._problem:
            return Level.ERROR, self._problem
        if active is None:
            return Level.OK, f'{self._state}; detects only while active'
        return judge(*active, self._configuration.config.image_timeout)
