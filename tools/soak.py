# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Run the real node for a long time and say whether it holds: memory, files, threads, latency.

Synthetic and recorded pictures go to the node's process over DDS, the next one as soon as the
last one is answered, with ranges and tracking switched on. Writes soak.json and soak.md into a
folder and ends with 1 when a limit is broken. Needs the test tools:

    python tools/soak.py --frames 200000 --output docs
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import json
import os
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / 'test'))
sys.path.append(str(ROOT / 'tools'))

from harness import detector_process, fresh_domain  # noqa: E402
from live_node import open_files, resident_bytes  # noqa: E402
from soak_figures import Result, Sample, evaluate, report  # noqa: E402

from compressed_detector.benchmark.machine import describe  # noqa: E402
from compressed_detector.evaluation.sources import bag_images  # noqa: E402

BAG = ROOT / 'test' / 'data' / 'pedestrians'
WIDTH, HEIGHT, FOCAL_PX, FRAME_ID = 320, 240, 300.0, 'camera_optical_frame'
ARGUMENTS = ('-p', 'tracking:=true', '-p', 'camera_height:=0.5', '-p', 'camera_pitch:=0.3',
             '--log-level', 'error')
SAMPLES_PER_RUN = 200
START_TIMEOUT_S, PROBE_TIMEOUT_S, ANSWER_TIMEOUT_S = 30.0, 0.5, 30.0


def main(argv: list[str] | None = None) -> int:
    """Run, write the figures, return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description='Run the real node for a long time.')
    parser.add_argument('--frames', type=int, default=200_000)
    parser.add_argument('--output', type=Path, default=Path('out/soak'))
    arguments = parser.parse_args(argv)
    result = run(arguments.frames)
    here = describe(['rclpy'])
    text = report(result, here)
    arguments.output.mkdir(parents=True, exist_ok=True)
    figures = {'machine': here, 'broken': result.broken, **dataclasses.asdict(result)}
    (arguments.output / 'soak.json').write_text(json.dumps(figures, indent=1) + '\n')
    (arguments.output / 'soak.md').write_text(text)
    print(text)
    return 1 if result.broken else 0


def run(frames: int) -> Result:
    """Send so many frames to a node of its own."""
    # In a domain of its own: another detector on this machine must not answer.
    domain_id = fresh_domain()
    with detector_process(domain_id, *ARGUMENTS) as process, _observer(domain_id) as observer:
        observer.wait_for_node()
        return soak(process.pid, observer, frames)


def soak(pid: int, observer: Observer, frames: int) -> Result:
    """Send so many frames, one after another, and watch the process."""
    samples, latencies_ms = [], np.full(frames, np.nan)
    every = max(frames // SAMPLES_PER_RUN, 1)
    shown = itertools.cycle([to_message(picture) for picture in pictures()])
    start_s = time.monotonic()
    for number in range(1, frames + 1):
        latencies_ms[number - 1] = observer.ask(next(shown))
        if number % every == 0:
            samples.append(sample(pid, number))
    return evaluate(samples, latencies_ms, time.monotonic() - start_s)


def pictures() -> list[npt.NDArray[np.uint8]]:
    """Return what is shown in turn: empty, up to three squares, and a recorded street."""
    shown = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)]
    for row, column, channel in itertools.product((40, 120, 160), (40, 120, 240), range(3)):
        picture = shown[-1].copy() if len(shown) % 3 else np.zeros_like(shown[0])
        # A cell of the network's input: 8 of 64 pixels.
        picture[row:row + 40, column:column + 40, channel] = 220
        shown.append(picture)
    street = (picture for _, picture in bag_images(BAG, '/camera/image/compressed'))
    return shown + [cv2.resize(picture, (WIDTH, HEIGHT)) for picture in street]


def to_message(picture: npt.NDArray[np.uint8]) -> Image:
    """Return a picture as a message, to be stamped."""
    message = Image(height=HEIGHT, width=WIDTH, step=3 * WIDTH, encoding='bgr8')
    message.data = array('B', picture.tobytes())
    message.header.frame_id = FRAME_ID
    return message


def sample(pid: int, frames: int) -> Sample:
    """Return what Linux says of a process."""
    threads = len(os.listdir(f'/proc/{pid}/task'))
    return Sample(frames, resident_bytes(pid), open_files(pid), threads)


class Observer:
    """The camera, and whoever waits for what the node says about its images."""

    def __init__(self, node: Node, executor: SingleThreadedExecutor) -> None:
        self._node, self._executor = node, executor
        self._answered_ns = 0
        self._images = node.create_publisher(Image, '/image', QoSProfile(depth=5))
        self._infos = node.create_publisher(CameraInfo, '/camera_info', QoSProfile(depth=5))
        node.create_subscription(Detection2DArray, '/detector/detections', self._hear, 10)
        self._stamps_ns = itertools.count(10**9, 10**8)  # as of a camera of 10 Hz

    def wait_for_node(self) -> None:
        """Wait until the node answers; raises TimeoutError."""
        probe = to_message(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while np.isnan(self.ask(probe, PROBE_TIMEOUT_S)):
            if time.monotonic() > deadline_s:
                raise TimeoutError('the detector node does not answer')

    def ask(self, message: Image, timeout_s: float = ANSWER_TIMEOUT_S) -> float:
        """Publish an image; return the time to its answer, ms, NaN when there is none."""
        stamp_ns = next(self._stamps_ns)
        message.header.stamp = Time(nanoseconds=stamp_ns).to_msg()
        self._infos.publish(_calibration(message.header))
        start_s = time.perf_counter()
        self._images.publish(message)
        while self._answered_ns != stamp_ns:
            self._executor.spin_once(timeout_sec=timeout_s)
            if time.perf_counter() - start_s > timeout_s:
                return float('nan')
        return (time.perf_counter() - start_s) * 1e3

    def _hear(self, message: Detection2DArray) -> None:
        self._answered_ns = Time.from_msg(message.header.stamp).nanoseconds


def _calibration(header: Header) -> CameraInfo:
    return CameraInfo(
        header=header, width=WIDTH, height=HEIGHT, distortion_model='plumb_bob', d=[0.0] * 5,
        k=[FOCAL_PX, 0.0, WIDTH / 2, 0.0, FOCAL_PX, HEIGHT / 2, 0.0, 0.0, 1.0],
    )


@contextlib.contextmanager
def _observer(domain_id: int) -> Iterator[Observer]:
    context = Context()
    rclpy.init(context=context, domain_id=domain_id)
    node, executor = Node('soak', context=context), SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        yield Observer(node, executor)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown(context=context)


if __name__ == '__main__':
    sys.exit(main())
