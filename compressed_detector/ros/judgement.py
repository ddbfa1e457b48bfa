# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the numbers of a camera mean, in a level and one sentence; no rclpy in here."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from compressed_detector.ros.health import Snapshot

# Looking at fewer than half of the images is worth a warning; dropping some is how it works.
OVERLOAD_SHARE = 0.5
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
class Camera:
    """
    What else there is to know of a camera.

    ``published_s``: for how long somebody publishes its topic. ``ranging``: what keeps ranges
    from being known although they were asked for, if anything.
    """

    topic: str
    publishers: int
    published_s: float
    compressed: bool
    incompatible: tuple[str, ...] = ()
    ranging: str = ''


def judge(camera: Camera, numbers: Snapshot, image_timeout_s: float) -> tuple[Level, str]:
    """Return the level of a camera of an active detector, and why."""
    return (
        _judge_connection(camera, numbers, image_timeout_s)
        or _judge_frames(numbers)
        or ((Level.ERROR, f'no ranges, so no obstacles: {camera.ranging}') if camera.ranging
            else None)
        or (Level.OK, f'detecting at {numbers.fps:.1f} frames per second'
            if numbers.counts.received else f'waiting for images on {camera.topic}')
    )


def _judge_connection(
    camera: Camera, numbers: Snapshot, image_timeout_s: float
) -> tuple[Level, str] | None:
    if camera.incompatible:
        return Level.ERROR, (
            f'{camera.topic}: incompatible QoS: {"; ".join(camera.incompatible)}; change the '
            'publisher, or this subscription through qos_overrides'
        )
    if numbers.silent_s <= image_timeout_s:
        return None
    if numbers.counts.received:
        return Level.STALE, f'{camera.topic} is silent since {numbers.silent_s:.1f} s'
    if not camera.publishers:
        return Level.WARN, (
            f'nobody publishes {camera.topic}: start the camera, or remap image:=<its topic>'
        )
    if camera.published_s <= image_timeout_s:
        return None
    remedy = 'is the camera running?' if camera.compressed else LARGE_IMAGES
    return Level.WARN, (
        f'{camera.topic} has {camera.publishers} publisher(s), but nothing has arrived for '
        f'{numbers.silent_s:.1f} s: {remedy}'
    )


def _judge_frames(numbers: Snapshot) -> tuple[Level, str] | None:
    counts = numbers.counts
    if sum(counts.undecodable.values()) > counts.processed:
        return Level.ERROR, f'most images cannot be decoded: {counts.undecodable}'
    if counts.too_old > counts.processed:
        return Level.ERROR, (
            f'most images are older than max_age when their turn comes ({counts.too_old} of '
            f'{counts.received}): is the clock of the camera right, and use_sim_time set when a '
            'bag is played?'
        )
    if numbers.replaced_share > OVERLOAD_SHARE:
        return Level.WARN, (
            f'overloaded: {numbers.replaced_share:.0%} of the images are replaced by newer ones '
            'before their turn; set max_rate, a faster model, or more num_threads'
        )
    return None
