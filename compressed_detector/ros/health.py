# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers behind the diagnostics, and what they mean; no rclpy in here."""

from __future__ import annotations

import collections
import enum
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LATENCY_WINDOW = 1000
RATE_WINDOW_S = 5.0
LARGE_IMAGES = (
    'raw images of more than about 0.5 MB do not fit the default shared memory of Fast DDS: start '
    'the camera driver with config/fastdds_large_images.xml (see README, "Large images"), or use '
    'image_transport: compressed'
)


class Level(enum.IntEnum):
    """Levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True)
class Snapshot:
    """Counts since activation, and rates and latencies (ms) over the last seconds."""

    received: int
    processed: int
    replaced: int
    lost_in_transport: int
    undecodable: dict[str, int]
    fps: float
    latency_p50_ms: float
    latency_p99_ms: float
    silent_s: float


@dataclass(frozen=True)
class Camera:
    """What the ROS graph says about a camera's topic, and for how long somebody publishes."""

    topic: str
    publishers: int
    published_s: float
    compressed: bool
    incompatible: tuple[str, ...] = ()


class Health:
    """
    Counts what happens to frames; safe to call from any thread.

    Every received frame ends in exactly one count: processed, replaced by a newer one, or
    undecodable for a reason. Latency is from receipt to publication.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._received = self._processed = self._replaced = self._lost = 0
        self._undecodable: collections.Counter[str] = collections.Counter()
        self._latencies_ms: collections.deque[float] = collections.deque(maxlen=LATENCY_WINDOW)
        self._finished_s: collections.deque[float] = collections.deque(maxlen=LATENCY_WINDOW)
        self._started_s = self._last_received_s = clock()

    def count_received(self) -> None:
        """Count a frame that arrived."""
        with self._lock:
            self._received += 1
            self._last_received_s = self._clock()

    def count_replaced(self) -> None:
        """Count a frame that a newer one replaced before its turn."""
        with self._lock:
            self._replaced += 1

    def count_undecodable(self, reason: str) -> None:
        """Count a frame that could not be turned into pixels."""
        with self._lock:
            self._undecodable[reason] += 1

    def count_lost(self, frames: int) -> None:
        """Count frames that the middleware reports as lost before they arrived."""
        with self._lock:
            self._lost += frames

    def count_processed(self, received_s: float) -> None:
        """Count a frame whose result was published now; received_s is its time of receipt."""
        with self._lock:
            now = self._clock()
            self._processed += 1
            self._latencies_ms.append((now - received_s) * 1e3)
            self._finished_s.append(now)

    def snapshot(self) -> Snapshot:
        """Return the numbers as they are now."""
        with self._lock:
            now = self._clock()
            window_s = min(RATE_WINDOW_S, max(now - self._started_s, 1e-3))
            recent = sum(now - finished <= window_s for finished in self._finished_s)
            latencies = np.array(self._latencies_ms) if self._latencies_ms else np.zeros(1)
            p50, p99 = np.percentile(latencies, [50, 99])
            return Snapshot(
                received=self._received,
                processed=self._processed,
                replaced=self._replaced,
                lost_in_transport=self._lost,
                undecodable=dict(self._undecodable),
                fps=recent / window_s,
                latency_p50_ms=float(p50),
                latency_p99_ms=float(p99),
                silent_s=now - self._last_received_s,
            )


def judge(camera: Camera, numbers: Snapshot, image_timeout_s: float) -> tuple[Level, str]:
    """Return the level of an active detector and one sentence that says why."""
    if camera.incompatible:
        return Level.ERROR, (
            f'{camera.topic}: incompatible QoS: {"; ".join(camera.incompatible)}; change the '
            'publisher, or this subscription through qos_overrides'
        )
    if numbers.silent_s > image_timeout_s and not camera.publishers:
        return Level.WARN, (
            f'nobody publishes {camera.topic}: start the camera, or remap image:=<its topic>'
        )
    if min(numbers.silent_s, camera.published_s) > image_timeout_s:
        remedy = 'is the camera running?' if camera.compressed else LARGE_IMAGES
        return Level.WARN, (
            f'{camera.topic} has {camera.publishers} publisher(s), but nothing has arrived for '
            f'{numbers.silent_s:.1f} s: {remedy}'
        )
    if numbers.undecodable and sum(numbers.undecodable.values()) > numbers.processed:
        return Level.ERROR, f'most frames cannot be decoded: {numbers.undecodable}'
    if not numbers.received:
        return Level.OK, f'waiting for images on {camera.topic}'
    return Level.OK, f'detecting at {numbers.fps:.1f} frames per second'
