# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded images, one at a time: from rosbag2, from a folder of pictures, from a video."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from compressed_detector.bags import BagSource, RecordedTopic
from compressed_detector.config.camera import calibration_topic
from compressed_detector.detection.camera_model import CameraModel
from compressed_detector.detection.images import to_bgr
from compressed_detector.detection.types import Image
from compressed_detector.errors import BagError
from compressed_detector.message_types import recorded_types

RAW, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'


@dataclass(frozen=True, eq=False)
class Frame:
    """
    One recorded image that is not decoded yet.

    ``camera``: the topic or file it comes from. ``stamp_ns``: of its header. ``index``: its number
    among the frames of its camera, from 0. ``decode`` returns it as BGR (H, W, 3) uint8 and raises
    ImageError; only until the next frame is taken. ``logged_ns``: when it was recorded.
    ``frame_id``: of its header.
    """

    camera: str
    stamp_ns: int
    index: int
    decode: Callable[[], Image]
    logged_ns: int = 0
    frame_id: str = ''


class FrameSource(Protocol):
    """
    Frames of one recording, one at a time: memory does not grow with it.

    ``sequential``: they are a film, so that time between frames means something. ``frame_count``
    is how many there are, of all cameras together.
    """

    name: str
    cameras: tuple[str, ...]
    sequential: bool
    frame_count: int

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in the order of recording; can be called again."""

    def calibration(self, camera: str) -> CameraModel | None:
        """Return the model of a camera's images, None where the recording has none."""


class BagFrames:
    """The images of one or several topics of a rosbag2, raw or compressed."""

    sequential = True

    def __init__(self, bag: Path, topics: Sequence[str] = ()) -> None:
        """
        Take these topics, by default the only one with images.

        Raises BagError when the bag cannot be read, has no such topics, or has several to choose
        from.
        """
        self.path = bag
        self.name = bag.resolve().name
        with BagSource(bag) as source:
            images = image_topics(source)
            known = {topic.name for topic in source.topics}
            if not topics and len(images) != 1:
                raise BagError(f'{bag}: expected one topic with images, got {len(images)}; choose '
                               f'with --topics; the bag holds {source.describe()}')
            chosen = source.select(topics) if topics else tuple(images)
            if wrong := [topic.name for topic in chosen if topic not in images]:
                raise BagError(f'{bag}: expected topics with images, got {", ".join(wrong)}; the '
                               f'bag holds {source.describe()}')
        self.cameras = tuple(dict.fromkeys(topics or [topic.name for topic in chosen]))
        self.types = {topic.name: topic.msgtype for topic in chosen}
        self.frame_count = sum(topic.message_count for topic in chosen)
        self._topics_with_calibration = {
            camera: calibration_topic(camera) for camera in self.cameras
            if calibration_topic(camera) in known
        }

    def frames(self) -> Iterator[Frame]:
        """Yield the images of all topics in the order of recording."""
        counts = dict.fromkeys(self.cameras, 0)
        for topic, logged_ns, message in _messages(self.path, self.cameras):
            yield Frame(
                topic, stamp_ns(message), counts[topic], functools.partial(to_bgr, message),
                logged_ns, message.header.frame_id,
            )
            counts[topic] += 1

    def calibration(self, camera: str) -> CameraModel | None:
        """Return what the first camera_info beside the images says; raises RangingError."""
        topic = self._topics_with_calibration.get(camera)
        if topic is None:
            return None
        rectified = 'rect' in camera.removesuffix('/compressed').rpartition('/')[2]
        info = next(bag_messages(self.path, topic), None)
        return None if info is None else CameraModel.from_camera_info(info, rectified)


def image_topics(source: BagSource) -> list[RecordedTopic]:
    """Return the topics of a bag with images, raw or compressed."""
    return [topic for topic in source.topics if topic.msgtype in (RAW, COMPRESSED)]


def bag_images(bag: Path, topic: str) -> Iterator[tuple[int, Image]]:
    """
    Yield header stamp (ns) and picture, BGR (H, W, 3) uint8, of every image of a topic.

    Raises what bag_messages raises, and ImageError for a message that is no picture.
    """
    for message in bag_messages(bag, topic):
        yield stamp_ns(message), to_bgr(message)


def bag_messages(bag: Path, topic: str) -> Iterator[Any]:
    """
    Yield every message of a topic, one at a time: memory does not grow with the bag.

    Raises BagError for a bag that cannot be read or has no such topic.
    """
    for _, _, message in _messages(bag, [topic]):
        yield message


def stamp_ns(message: Any) -> int:
    """Return the header stamp of a message in ns."""
    stamp = message.header.stamp
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def _messages(bag: Path, names: Sequence[str]) -> Iterator[tuple[str, int, Any]]:
    with contextlib.closing(BagSource(bag)) as source:
        topics = source.select(names)
        stores = {topic: recorded_types(topic.connections) for topic in topics}
        for item in source.messages(topics, source.first_ns, source.last_ns + 1):
            message = stores[item.topic].deserialize_cdr(item.data, item.topic.msgtype)
            yield item.topic.name, item.log_ns, message
