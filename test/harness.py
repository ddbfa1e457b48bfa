# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Real processes and a real ROS graph for the tests, bounded in time and apart from others."""

from __future__ import annotations

import collections
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray

ROOT = Path(__file__).resolve().parent.parent
TINY_MODEL = ROOT / 'test' / 'data' / 'tiny_gfl' / 'tiny_gfl.json'
LARGE_IMAGES = ROOT / 'config' / 'fastdds_large_images.xml'
TIMEOUT_S = 30.0
DOMAINS = range(1, 102)  # those with safe ports
# A test needs few domains at a time, and has done with them when so many others were taken.
DOMAINS_HELD = 8
_candidates = itertools.count(os.getpid(), 7)
_held: collections.deque[socket.socket] = collections.deque()


def fresh_domain() -> int:
    """Return a ROS domain that nobody is in on this machine, another run's tests included."""
    for candidate in itertools.islice(_candidates, len(DOMAINS)):
        domain_id = DOMAINS[candidate % len(DOMAINS)]
        first_port = 7400 + 250 * domain_id
        # What the first participant of a domain receives by, and what the last possible would.
        if (taken := _bound(first_port + 10)) is None:
            continue
        taken.close()
        if (claim := _bound(first_port + 249)) is None:
            continue
        _held.append(claim)
        if len(_held) > DOMAINS_HELD:
            _held.popleft().close()
        return domain_id
    raise AssertionError(f'all ROS domains of {DOMAINS} are in use on this machine')


def _bound(port: int) -> socket.socket | None:
    """Return a socket that keeps others off a UDP port, as long as it is open."""
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind(('', port))
    except OSError:
        claim.close()
        return None
    return claim


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port of this machine that nobody listens on, of TCP by default."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port


def large_image_environment() -> dict[str, str]:
    """Return what a camera driver's process needs to send large images, in every release."""
    return {name: str(LARGE_IMAGES)
            for name in ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')}


class Process:
    """A child process whose output is kept, line by line."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            command, env={**os.environ, 'PYTHONUNBUFFERED': '1', **environment}, cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything that was printed so far."""
        return '\n'.join(self.lines)

    def wait_for_output(self, pattern: str) -> None:
        """Wait until something that matches was printed."""
        wait_until(lambda: re.search(pattern, self.output) or self._process.poll() is not None)
        assert re.search(pattern, self.output), f'no {pattern!r} in:\n{self.output}'

    def write(self, text: str) -> None:
        """Give the process something to read."""
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def stop(self, signal_number: int = signal.SIGINT, timeout_s: float = TIMEOUT_S) -> int:
        """Send a signal and return the exit code; kills and fails after the timeout."""
        if self.running():
            self._process.send_signal(signal_number)
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = TIMEOUT_S) -> int:
        """Return the exit code; kills and fails after the timeout."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f'still running after {timeout_s} s:\n{self.output}') from None
        finally:
            self._reader.join(TIMEOUT_S)
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip('\n'))


def wait_until(condition: Callable[[], Any], step: Callable[[], None] | None = None,
               timeout_s: float = TIMEOUT_S) -> None:
    """Wait until the condition holds, doing a step in between; fails after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f'not within {timeout_s} s'
        if step is None:
            time.sleep(0.01)
        else:
            step()


@contextmanager
def detector_process(domain_id: int, *arguments: str, **environment: str) -> Iterator[Process]:
    """Run the real node, by default with the tiny model; stopped at the end, failures told."""
    process = Process(
        [sys.executable, '-m', 'compressed_detector.cli.detector_node', '--ros-args',
         '-p', f'model:={TINY_MODEL}', *arguments],
        {'ROS_DOMAIN_ID': str(domain_id), **environment},
    )
    try:
        yield process
    except AssertionError as error:
        said = process.output[-4000:] or 'nothing'
        raise AssertionError(f'{error}\nThe detector said:\n{said}') from error
    finally:
        process.stop()


class Graph:
    """The test's own end of the ROS graph: a camera, and ears for what the detector says."""

    def __init__(self, domain_id: int) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain_id)
        self.node = Node('test', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.answers: list[Detection2DArray] = []
        self.statuses: list[Any] = []
        self.node.create_subscription(
            Detection2DArray, '/detector/detections', self.answers.append, 1000
        )
        self.node.create_subscription(
            DiagnosticArray, '/diagnostics', lambda array: self.statuses.extend(array.status), 100
        )

    def camera(self, kind: type = Image, topic: str = '/image',
               reliability: QoSReliabilityPolicy = QoSReliabilityPolicy.RELIABLE) -> Any:
        """Return a publisher of images that the detector already listens to."""
        publisher = self.node.create_publisher(
            kind, topic, QoSProfile(depth=50, reliability=reliability)
        )
        self.wait_until(publisher.get_subscription_count)
        # Discovery has two ends: the subscriber hears nothing before it knows the publisher too.
        self.wait_for_status(lambda _, values: values.get('image publishers') == '1')
        return publisher

    def spin(self) -> None:
        """Take what has arrived."""
        self._executor.spin_once(timeout_sec=0.05)

    def wait_until(self, condition: Callable[[], Any]) -> None:
        """Spin until the condition holds; fails after the timeout."""
        wait_until(condition, self.spin)

    def wait_for_answers(self, count: int) -> list[Detection2DArray]:
        """Return the answers as soon as there are so many."""
        self.wait_until(lambda: len(self.answers) >= count)
        return self.answers

    def wait_for_status(self, condition: Callable[[Any, dict[str, str]], Any]) -> Any:
        """Return the first new status that meets a condition on it and on its values."""
        start = len(self.statuses)

        def matching() -> list[Any]:
            return [status for status in self.statuses[start:]
                    if condition(status, values_of(status))]

        self.wait_until(matching)
        return matching()[0]

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)


def values_of(status: Any) -> dict[str, str]:
    """Return the key-value pairs of a diagnostic status."""
    return {item.key: item.value for item in status.values}


def level_of(status: Any) -> int:
    """Return the level of a diagnostic status as a number."""
    level: int = status.level[0]
    return level


def picture(left: int = 8, top: int = 16) -> np.ndarray:
    """Return 64x64 pixels with one 8x8 square, in which the tiny model sees one object."""
    image = np.zeros((64, 64, 3), np.uint8)
    image[top:top + 8, left:left + 8, 0] = 200
    return image


def image_message(image: np.ndarray, seconds: int = 1, frame_id: str = 'camera') -> Image:
    """Return a BGR picture as a message stamped with so many seconds."""
    height, width = image.shape[:2]
    message = Image(height=height, width=width, step=3 * width, encoding='bgr8')
    message.data = array('B', image.tobytes())
    message.header.frame_id = frame_id
    message.header.stamp.sec = seconds
    return message


def compressed_message(data: bytes, seconds: int = 1) -> CompressedImage:
    """Return encoded bytes as a message stamped with so many seconds."""
    message = CompressedImage(format='bgr8; jpeg compressed bgr8')
    message.data = array('B', data)
    message.header.frame_id = 'camera'
    message.header.stamp.sec = seconds
    return message
