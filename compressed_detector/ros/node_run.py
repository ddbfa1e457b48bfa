# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The real node process before a camera, and what both cost."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rclpy

from compressed_detector.detection.types import Image
from compressed_detector.errors import RosError
from compressed_detector.process_figures import cpu_s, peak_rss_bytes, rss_bytes
from compressed_detector.ros.bench_camera import TOPIC, BenchCamera, Condition
from compressed_detector.ros.child_process import child_process, fails_when_dead
from compressed_detector.ros.large_messages import prepare_for

WARM_UP_FRAMES = 20
START_TIMEOUT_S, ANSWER_TIMEOUT_S = 60.0, 3.0


@dataclass(frozen=True, eq=False)
class NodeRun:
    """
    What was seen of the node's process during ``sent`` images.

    ``ages_ms`` (N,) are from the stamp of each answered image to the publication of its answer.
    ``values`` are the camera's diagnostics at the end.
    """

    sent: int
    ages_ms: npt.NDArray[np.float64]
    values: Mapping[str, str]
    seconds: float
    cpu_s: float
    rss_bytes: int
    peak_rss_bytes: int


def run_node(
    command: Sequence[str], condition: Condition, frames: int, pictures: Sequence[Image],
) -> NodeRun:
    """
    Start the node, show it so many frames after some to warm up, and stop it.

    ``command`` starts the detector node, with its parameters; what its camera needs is added.
    Raises RosError when the node ends early or does not answer.
    """
    arguments = ['-p', f'image_transport:={condition.transport}', '-r', f'image:={TOPIC}']
    process = child_process([*command, *arguments])
    with process as node, _camera(condition, pictures) as camera:
        alive = fails_when_dead(node, 'the detector node')
        camera.spin_until(camera.is_heard, START_TIMEOUT_S, alive)
        camera.start()
        camera.spin_until(lambda: len(camera.ages_ms) >= WARM_UP_FRAMES, START_TIMEOUT_S, alive)
        camera.begin()
        begun_s, begun_cpu_s = time.monotonic(), cpu_s(node.pid)
        camera.spin_until(lambda: camera.sent >= frames, None, alive)
        seconds, used_s = time.monotonic() - begun_s, cpu_s(node.pid) - begun_cpu_s
        camera.stop()
        with contextlib.suppress(TimeoutError):  # images may be lost, or replaced by newer ones
            camera.spin_until(camera.is_settled, ANSWER_TIMEOUT_S, alive)
        return NodeRun(
            camera.sent, np.array([*camera.ages_ms.values()]), camera.values, seconds, used_s,
            rss_bytes(node.pid), peak_rss_bytes(node.pid),
        )


@contextlib.contextmanager
def _camera(condition: Condition, pictures: Sequence[Image]) -> Iterator[BenchCamera]:
    before = set(os.environ)
    prepare_for(['sensor_msgs/msg/Image'])
    rclpy.init(args=[])
    camera = BenchCamera(condition, pictures)
    try:
        yield camera
    except TimeoutError as error:
        raise RosError(f'{error}; its messages are above') from error
    finally:
        camera.leave()
        rclpy.try_shutdown()
        # What the camera needs to send large images is not the next node's.
        for name in set(os.environ) - before:
            del os.environ[name]
