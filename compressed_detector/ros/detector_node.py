# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The detector as a ROS 2 lifecycle node: subscribe, hand over, publish."""

from __future__ import annotations

import functools
import os
import traceback
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import Trigger

from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.classes import class_thresholds
from compressed_detector.detection.detector import Detector
from compressed_detector.errors import CompressedDetectorError, ImageError
from compressed_detector.resources import model_folders
from compressed_detector.ros import diagnostics
from compressed_detector.ros.background import run_in_thread
from compressed_detector.ros.camera_pipeline import CameraPipeline, Frame
from compressed_detector.ros.judgement import Level
from compressed_detector.ros.namesakes import warn_of_namesakes
from compressed_detector.ros.parameters import Configuration, Parameters
from compressed_detector.ros.transitions import said_aloud
from compressed_detector.ros.worker import Worker

WARNING_PERIOD_S = 5.0
REPORT_PERIOD_S = 1.0
LAZY_PERIOD_S = 0.2


class DetectorNode(LifecycleNode):
    """
    Publishes what a compressed detector sees in the images of one or several cameras.

    Subscribes ``image`` (sensor_msgs/Image, or CompressedImage on ``image/compressed``),
    ``camera_info`` and, if set, a depth image. Publishes for every processed image, empty or
    not, ``~/detections`` and, where ranges are known, ``~/obstacles`` (Detection3DArray),
    ``~/obstacles/points`` (PointCloud2), ``~/obstacles/scan`` (LaserScan) and ``~/markers``;
    ``~/debug_image`` while somebody looks; and ``/diagnostics`` at 1 Hz in every state. With
    named cameras, all of them under ``~/<camera>/``. ``~/reload_model`` reads the model again.
    """

    def __init__(self) -> None:
        """Declare parameters; raises ConfigError when a given value is refused."""
        super().__init__('detector')
        self._state = 'unconfigured'
        self._problem = ''
        self._detector: Detector | None = None
        self._worker: Worker[Frame] | None = None
        self._pipelines: list[CameraPipeline] = []
        self._configuration = Parameters(
            self, lambda: self._state == 'unconfigured', self._check_classes
        )
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # A group of its own: images, transitions and timers of the default group go on meanwhile.
        self.create_service(
            Trigger, '~/reload_model', self._reload_model,
            callback_group=MutuallyExclusiveCallbackGroup(),
        )
        # A steady clock: simulated time may stand still, and silence must be reported then too.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(REPORT_PERIOD_S, self._report, clock=steady)
        self.create_timer(LAZY_PERIOD_S, self._listen_if_wanted, clock=steady)

    @property
    def autostart(self) -> bool:
        """Whether the node configures and activates itself."""
        return self._configuration.current.node.autostart

    @said_aloud
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and create the publishers."""
        try:
            # Only root may take it back: a process that was started nicer stays so.
            inherited = os.getpriority(os.PRIO_PROCESS, 0)
            nice = max(self._configuration.current.node.nice, inherited)
            os.setpriority(os.PRIO_PROCESS, 0, nice)
            self._detector = self._checked(self._load_model())
        except CompressedDetectorError as error:
            self._problem = str(error)
            self.get_logger().error(f'cannot load the model: {error}')
            return TransitionCallbackReturn.FAILURE
        self._problem = ''
        self._pipelines = [
            CameraPipeline(
                self, name, functools.partial(self._camera_settings, name), self._hand_over
            )
            for name in self._configuration.current.cameras
        ]
        self._announce_model()
        return self._reached('inactive')

    @said_aloud
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker, then let images in."""
        self._worker = Worker(self._process, lambda name: self._camera_settings(name).priority)
        self._worker.start()
        self._reached('active')
        self._listen_if_wanted()
        return TransitionCallbackReturn.SUCCESS

    @said_aloud
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening, finish the image in progress."""
        self._stop()
        return self._reached('inactive')

    @said_aloud
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release the model and the publishers."""
        self._release()
        return self._reached('unconfigured')

    @said_aloud
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, from whatever state."""
        self._release()
        return self._reached('finalized')

    @said_aloud
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
        for pipeline in self._pipelines:
            pipeline.mute()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _release(self) -> None:
        self._stop()
        for pipeline in self._pipelines:
            pipeline.close()
        self._pipelines = []
        self._detector = None

    def _camera_settings(self, name: str) -> Any:
        return self._configuration.current.cameras[name]

    def _load_model(self) -> Detector:
        config = self._configuration.current.node
        path: Path = find_manifest(config.model, model_folders())
        detector = Detector.load(path, config.num_threads)
        self.get_logger().info(f'loaded {path} ({len(detector.labels)} classes)')
        return detector

    def _checked(self, detector: Detector) -> Detector:
        """Return the detector; raises ConfigError when it lacks a class that is asked for."""
        class_thresholds(self._configuration.current.node, detector.labels)
        return detector

    def _check_classes(self, configuration: Configuration) -> None:
        if self._detector is not None:
            class_thresholds(configuration.node, self._detector.labels)

    def _announce_model(self) -> None:
        assert self._detector is not None, 'announced only after loading'
        for pipeline in self._pipelines:
            pipeline.outputs.announce(
                self._detector.manifest, self._configuration.current.node.score_threshold,
                self.get_clock().now().to_msg(),
            )

    async def _reload_model(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Swap the model between two frames; a bad one leaves the old one running."""
        before = self._detector
        if before is None:
            response.message = 'the node is not configured: configure it, and it loads the model'
            return response
        try:
            detector = self._checked(await run_in_thread(self._load_model, self.executor))
        except Exception as error:  # whatever is wrong with a file, the old model is still right
            response.message = f'the old model stays: {error}'
            self.get_logger().error(f'cannot reload the model: {error}')
            return response
        if self._detector is not before:
            response.message = 'another model was loaded, or this one released, in the meantime'
            return response
        self._detector = detector
        self._announce_model()
        response.success, response.message = True, f'loaded {detector.manifest.name}'
        return response

    def _listen_if_wanted(self) -> None:
        if self._state != 'active':
            return
        lazy = self._configuration.current.node.lazy
        for pipeline in self._pipelines:
            wanted = not lazy or pipeline.outputs.wanted()
            if wanted and not pipeline.listening:
                pipeline.listen()
            elif pipeline.listening and not wanted:
                pipeline.mute()

    def _hand_over(self, frame: Frame) -> bool:
        """Give the worker a frame; return whether it replaced one that was waiting."""
        return self._worker is not None and self._worker.put(frame.camera.name, frame)

    def _process(self, frame: Frame) -> None:
        """Answer one image, in the worker's thread."""
        assert self._detector is not None, 'the worker runs only while a model is loaded'
        try:
            frame.camera.answer(frame, self._detector, self._configuration.current.node)
        except ImageError as error:
            frame.health.count_undecodable(error.reason)
            frame.camera.logger.warning(
                f'dropped an image: {error}', throttle_duration_sec=WARNING_PERIOD_S
            )
        except Exception:
            if not self.context.ok():
                return  # a signal ended ROS while this image was in progress
            # Whatever is wrong with one image must not silence the node for the next.
            frame.health.count_undecodable('internal error')
            frame.camera.logger.error(
                f'dropped an image: {traceback.format_exc()}',
                throttle_duration_sec=WARNING_PERIOD_S,
            )

    def _report(self) -> None:
        name = self.get_fully_qualified_name()
        statuses = [(self.get_logger(), diagnostics.of_model(
            name, self._state, self._problem, warn_of_namesakes(self), self._detector,
            self._configuration.current.node,
        ))]
        statuses += [
            (pipeline.logger, diagnostics.of_camera(
                name, pipeline.name, self._state, pipeline.state()
            ))
            for pipeline in self._pipelines
        ]
        for logger, status in statuses:
            if diagnostics.level_of(status) is not Level.OK:
                logger.warning(
                    f'{status.name}: {status.message}', throttle_duration_sec=WARNING_PERIOD_S
                )
        array = DiagnosticArray(status=[status for _, status in statuses])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)
