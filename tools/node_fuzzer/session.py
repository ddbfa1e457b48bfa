# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One run of malformed messages through the real node process, paced by what it says of itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import cv2
from harness import (
    Graph,
    Process,
    compressed_message,
    detector_process,
    fresh_domain,
    image_message,
    picture,
    values_of,
)
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Detection3DArray

from node_fuzzer import compressed, geometry, raw

CHUNK = 20
RESEND_S, GIVE_UP_S = 2.0, 20.0
FATES = ('frames processed', 'frames replaced by newer', 'frames skipped by max_rate',
         'frames older than max_age', 'frames undecodable')


@dataclass(frozen=True)
class Memory:
    """Of a process, in MiB: resident now and at most; and its threads and open files."""

    resident: float
    peak: float
    threads: int
    files: int

    @classmethod
    def of(cls, pid: int) -> Memory:
        """Read it from /proc."""
        lines = Path(f'/proc/{pid}/status').read_text(encoding='ascii').splitlines()
        values = {name: value.split()[0] for name, _, value in (
            line.partition(':') for line in lines) if value.split()}
        return cls(
            int(values['VmRSS']) / 1024, int(values['VmHWM']) / 1024, int(values['Threads']),
            len(list(Path(f'/proc/{pid}/fd').iterdir())),
        )


@dataclass
class Report:
    """What was sent, what became of it, and what it cost."""

    sent: Counter[str] = field(default_factory=Counter)
    values: dict[str, str] = field(default_factory=dict)
    good: int = 0
    resent: int = 0
    seconds: float = 0.0
    longest_status: int = 0
    memory: list[Memory] = field(default_factory=list)

    def count(self, name: str) -> int:
        """Return a number of the diagnostics."""
        return int(self.values.get(name, 0))

    @property
    def unheard(self) -> int:
        """How many images did not arrive, because newer ones overwrote them in the queue."""
        return (self.sent['image'] + self.sent['good'] - self.count('frames received')
                - self.count('frames lost in transport'))

    @property
    def examined(self) -> int:
        """How many malformed images the node looked at, rather than dropped for newer ones."""
        return self.count('frames processed') + self.count('frames undecodable') - self.good


class Session:
    """A node with the tiny model, and malformed messages for it, between good frames."""

    def __init__(self, graph: Graph, process: Process, transport: str, seed: int) -> None:
        self.report = Report()
        self._graph, self._process = graph, process
        self._random = Random(seed)
        self._pause_s = 0.002
        self._start = time.monotonic()
        self._compressed = transport == 'compressed'
        self._camera = (
            graph.camera(CompressedImage, '/image/compressed') if self._compressed
            else graph.camera()
        )
        self._senders = {
            'image': (self._camera, compressed.image if self._compressed else raw.image),
            'camera_info': (self._publisher(CameraInfo, '/camera_info'), geometry.camera_info),
            'depth': (self._publisher(Image, '/depth'), geometry.depth),
        }
        self.obstacles: list[Detection3DArray] = []
        graph.node.create_subscription(
            Detection3DArray, '/detector/obstacles', self.obstacles.append, 10
        )

    def run(self, messages: int) -> Report:
        """Send until the node has looked at so many malformed messages."""
        self._prove_ranges()
        while (done := self._done()) < messages:
            self._send_chunk()
            self._read_diagnostics()
            if not self.report.memory and done >= messages / 10:
                self.report.memory.append(Memory.of(self._process.pid))
            sent = self.report.sent['image']
            assert sent <= 2 * messages + 2000, (
                f'{sent} images sent, and only {self.report.examined} looked at'
            )
        self._prove_ranges()
        self._settle()
        self.report.memory.append(Memory.of(self._process.pid))
        self.report.seconds = time.monotonic() - self._start
        return self.report

    def prove_alive(self) -> None:
        """Send a good frame until it is answered; lost on the way is not the node's fault."""
        self.report.good += 1
        number = 1_000_000 + self.report.good
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            self._camera.publish(self._good_image(number))
            self.report.sent['good'] += 1
            if (answer := self._answer_to(number)) is not None:
                break
            assert self._process.running(), (
                f'the node died, exit code {self._process.wait()}'
            )
            assert time.monotonic() < deadline, f'good frame {self.report.good} is not answered'
            self.report.resent += 1
        assert len(answer.detections) == 1, f'expected one square, got {answer.detections}'
        assert answer.header.frame_id == 'camera'

    def _done(self) -> int:
        others = self.report.sent['camera_info'] + self.report.sent['depth']
        return max(self.report.examined, 0) + others

    def _send_chunk(self) -> None:
        kind = self._random.choice(('image', 'image', *self._senders))
        publisher, make = self._senders[kind]
        # A calibration or depth image is used with the next good frame, and only the newest is.
        before_good = CHUNK if publisher is self._camera else 1
        for number in range(CHUNK):
            publisher.publish(make(self._random))
            self.report.sent[kind] += 1
            time.sleep(self._pause_s)
            if (number + 1) % before_good == 0:
                self.prove_alive()

    def _read_diagnostics(self) -> bool:
        """Take numbers of the camera, if there are new ones; send faster or slower by them."""
        news = [values for status in self._graph.statuses
                if 'frames received' in (values := values_of(status))]
        self.report.longest_status = max(
            self.report.longest_status, *(len(status.message) for status in self._graph.statuses),
            0,
        )
        self._graph.statuses.clear()
        if not news:
            return False
        before, self.report.values = self.report.values, news[-1]
        received, replaced = (
            self.report.count(name) - int(before.get(name, 0))
            for name in ('frames received', 'frames replaced by newer')
        )
        slower = replaced > 0.02 * received
        self._pause_s = min(max(self._pause_s * (1.5 if slower else 0.9), 0.0005), 0.05)
        return True

    def _settle(self) -> None:
        """Wait for numbers from after the last answer, in which every frame has its fate."""
        self._graph.statuses.clear()
        self._graph.wait_until(lambda: self._read_diagnostics() and (
            sum(self.report.count(name) for name in FATES) == self.report.count('frames received')
        ))

    def _prove_ranges(self) -> None:
        """Send what ranges need until an obstacle is two metres away."""
        def near() -> bool:
            self._senders['camera_info'][0].publish(geometry.good_camera_info())
            depth = geometry.good_depth()
            depth.header.stamp.sec = 1_000_001 + self.report.good
            self._senders['depth'][0].publish(depth)
            self._graph.spin()
            self.prove_alive()
            return any(array.detections for array in self.obstacles)

        self.obstacles.clear()
        deadline = time.monotonic() + GIVE_UP_S
        while not near():
            assert time.monotonic() < deadline, 'good calibration and depth give no obstacle'

    def _good_image(self, number: int) -> Any:
        if not self._compressed:
            return image_message(picture(), number)
        return compressed_message(cv2.imencode('.png', picture())[1].tobytes(), number)

    def _answer_to(self, number: int) -> Any:
        deadline = time.monotonic() + RESEND_S
        while time.monotonic() < deadline:
            self._graph.spin()
            for answer in self._graph.answers:
                if answer.header.stamp.sec == number:
                    self._graph.answers.clear()
                    return answer
        return None

    def _publisher(self, kind: type, topic: str) -> Any:
        publisher = self._graph.node.create_publisher(kind, topic, QoSProfile(depth=10))
        self._graph.wait_until(publisher.get_subscription_count)
        return publisher


@contextmanager
def session(transport: str, seed: int) -> Iterator[Session]:
    """Start a node that ranges by depth and by the floor, and end it in order."""
    domain_id = fresh_domain()
    graph = Graph(domain_id)
    arguments = ('camera_height:=0.5', 'depth_topic:=/depth', f'image_transport:={transport}')
    try:
        with detector_process(
            domain_id, *(word for argument in arguments for word in ('-p', argument))
        ) as process:
            yield Session(graph, process, transport, seed)
            assert (code := process.stop()) == 0, f'the node ended with {code}'
    finally:
        graph.close()
