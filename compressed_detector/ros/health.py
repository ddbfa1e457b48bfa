# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What happens to the frames of one camera, in numbers; no rclpy in here."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

WINDOW = 1000
RATE_WINDOW_S = 5.0


@dataclass(frozen=True)
class Counts:
    """
    Frames since activation; every received one ends in exactly one of the others.

    ``skipped``: by max_rate. ``replaced``: by a newer one before its turn. ``too_old``: by
    max_age when its turn came. ``undecodable``: by reason. ``lost``: the middleware says that
    they were sent and never received, so they are not among the received.
    """

    received: int = 0
    processed: int = 0
    replaced: int = 0
    skipped: int = 0
    too_old: int = 0
    undecodable: dict[str, int] = field(default_factory=dict)
    lost: int = 0


@dataclass(frozen=True)
class Spread:
    """Median and 99th percentile of something in milliseconds, 0 when there is nothing."""

    p50_ms: float = 0.0
    p99_ms: float = 0.0

    @classmethod
    def of(cls, seconds: collections.deque[float]) -> Spread:
        """Return the percentiles of values in seconds."""
        if not seconds:
            return cls()
        p50, p99 = np.percentile(np.array(seconds) * 1e3, [50, 99])
        return cls(float(p50), float(p99))


@dataclass(frozen=True)
class Snapshot:
    """
    Counts since activation; rates and spreads over the last seconds.

    ``latency``: from receipt to publication. ``inference``: the network's part of that. ``age``:
    from the stamp of the image to the publication of its result. ``replaced_share``: of the
    frames that arrived in the last seconds, which part a newer one replaced. ``unranged``: objects
    whose range is not known, in the newest frame. ``silent_s``: since the last frame, or since
    activation.
    """

    counts: Counts
    fps: float
    replaced_share: float
    latency: Spread
    inference: Spread
    age: Spread
    unranged: int
    silent_s: float


class Health:
    """Counts what happens to the frames of one camera; safe to call from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: collections.Counter[str] = collections.Counter()
        self._undecodable: collections.Counter[str] = collections.Counter()
        self._latencies_s: collections.deque[float] = collections.deque(maxlen=WINDOW)
        self._inferences_s: collections.deque[float] = collections.deque(maxlen=WINDOW)
        self._ages_s: collections.deque[float] = collections.deque(maxlen=WINDOW)
        self._times_s: dict[str, collections.deque[float]] = {
            name: collections.deque(maxlen=WINDOW)
            for name in ('received', 'processed', 'replaced')
        }
        self._unranged = 0
        self._started_s = self._last_received_s = clock()

    def count_received(self, frames: int = 1) -> None:
        """Count frames that arrived."""
        with self._lock:
            self._last_received_s = self._clock()
            self._count('received', frames)

    def count_replaced(self, frames: int = 1) -> None:
        """Count frames that a newer one replaced before their turn."""
        with self._lock:
            self._count('replaced', frames)

    def count_skipped(self) -> None:
        """Count a frame that max_rate left out."""
        with self._lock:
            self._count('skipped')

    def count_too_old(self) -> None:
        """Count a frame that was older than max_age when its turn came."""
        with self._lock:
            self._count('too_old')

    def count_undecodable(self, reason: str) -> None:
        """Count a frame that could not be turned into pixels."""
        with self._lock:
            self._undecodable[reason] += 1

    def count_lost(self, frames: int) -> None:
        """Count frames that the middleware reports as lost before they arrived."""
        with self._lock:
            self._counts['lost'] += frames

    def count_processed(
        self, received_s: float, inference_s: float, age_s: float, unranged: int
    ) -> None:
        """Count a frame whose result was published now; received_s is when it arrived."""
        with self._lock:
            self._count('processed')
            self._latencies_s.append(self._clock() - received_s)
            self._inferences_s.append(inference_s)
            self._ages_s.append(age_s)
            self._unranged = unranged

    def snapshot(self) -> Snapshot:
        """Return the numbers as they are now."""
        with self._lock:
            now = self._clock()
            window_s = min(RATE_WINDOW_S, max(now - self._started_s, 1e-3))
            recent = {
                name: sum(now - moment <= window_s for moment in times)
                for name, times in self._times_s.items()
            }
            return Snapshot(
                counts=Counts(**self._counts, undecodable=dict(self._undecodable)),
                fps=recent['processed'] / window_s,
                replaced_share=recent['replaced'] / max(recent['received'], 1),
                latency=Spread.of(self._latencies_s),
                inference=Spread.of(self._inferences_s),
                age=Spread.of(self._ages_s),
                unranged=self._unranged,
                silent_s=now - self._last_received_s,
            )

    def _count(self, name: str, frames: int = 1) -> None:
        self._counts[name] += frames
        if name in self._times_s:
            self._times_s[name].extend([self._clock()] * frames)
