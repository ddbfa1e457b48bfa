# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Every frame of a recording through a detector in this process: exact, and as fast as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import ImageError
from compressed_detector.evaluation.detector_run import CameraRun, RunBuilder, Usage
from compressed_detector.evaluation.sources import FrameSource
from compressed_detector.process_figures import peak_rss_bytes, reset_peak

Progress = Callable[[int, int], None]


class ImageDetector(Protocol):
    """Whatever finds objects in images: a network, or what it is compared with."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names by class id."""

    def detect_each(
        self, image: Image, settings: Iterable[DetectionSettings]
    ) -> Iterator[Detections]:
        """Yield what is in a BGR image (H, W, 3), uint8, with each of several settings."""


def run_offline(
    name: str, source: FrameSource, detector: ImageDetector, robot: DetectionSettings,
    everything: DetectionSettings,
    progress: Progress = lambda done, total: None,
) -> tuple[list[CameraRun], Usage]:
    """
    Return what a detector says about each camera of a source, and what it took.

    ``name`` is what the source is called. Time is taken with the settings of the robot; what is
    returned is what there is with those that report ``everything``, from the same inference. The
    first picture is looked at twice, and the first time is not counted: runtimes put off some
    work until then. Images that cannot be decoded count as not looked at. Raises what the source
    raises.
    """
    builders = {camera: RunBuilder() for camera in source.cameras}
    frame_ids = dict.fromkeys(source.cameras, '')
    answered = undecodable = 0
    cpu_s = 0.0
    reset_peak()
    begun_s = time.perf_counter()
    for done, frame in enumerate(source.frames(), start=1):
        frame_ids[frame.camera] = frame.frame_id
        try:
            image = frame.decode()
        except ImageError:
            undecodable += 1
            builders[frame.camera].add(frame.stamp_ns, frame.index, (0, 0), None)
            continue
        if not answered:
            next(detector.detect_each(image, (robot,)))
        decode_ms = (time.perf_counter() - begun_s) * 1e3
        found = detector.detect_each(image, (robot, everything))
        latency_s, used_s = _timed(found)
        answered, cpu_s = answered + 1, cpu_s + used_s
        builders[frame.camera].add(
            frame.stamp_ns, frame.index, (image.shape[1], image.shape[0]), next(found),
            latency_ms=latency_s * 1e3, decode_ms=decode_ms)
        progress(done, max(source.frame_count, done))
        begun_s = time.perf_counter()
    runs = [
        CameraRun(name, camera, detector.labels, source.sequential, frame_ids[camera],
                  *builder.build())
        for camera, builder in builders.items()
    ]
    return runs, Usage(answered, cpu_s / answered if answered else float('nan'),
                       peak_rss_bytes() / 1e6, undecodable)


def _timed(found: Iterator[Detections]) -> tuple[float, float]:
    """Return the seconds, and those of the processors of all threads, until the first answer."""
    begun_s, used_s = time.perf_counter(), time.process_time()
    next(found)
    return time.perf_counter() - begun_s, time.process_time() - used_s
