# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded images, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.typesys import Stores, get_typestore

from compressed_detector.detection.images import to_bgr
from compressed_detector.detection.types import Image
from compressed_detector.errors import BagError


def bag_images(bag: Path, topic: str) -> Iterator[tuple[int, Image]]:
    """
    Yield header stamp (ns) and picture, BGR (H, W, 3) uint8, of every image of a topic.

    Reads rosbag2 folders (sqlite3, MCAP) lazily. Raises BagError for a bag that cannot be read
    or has no such topic, ImageError for a message that is no picture.
    """
    try:
        with AnyReader([bag], default_typestore=get_typestore(Stores.LATEST)) as reader:
            connections = [c for c in reader.connections if c.topic == topic]
            if not connections:
                raise BagError(f'{bag}: no topic {topic}; it has {sorted(reader.topics)}')
            for connection, _, data in reader.messages(connections):
                message: Any = reader.deserialize(data, connection.msgtype)
                stamp = message.header.stamp
                yield stamp.sec * 10**9 + stamp.nanosec, to_bgr(message)
    except (AnyReaderError, OSError) as error:
        raise BagError(f'{bag}: cannot read the bag: {error}') from error
