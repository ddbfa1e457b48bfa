# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded images, one at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rosbags.typesys import Stores, get_typestore

from compressed_detector.bags import BagSource
from compressed_detector.detection.images import to_bgr
from compressed_detector.detection.types import Image


def bag_images(bag: Path, topic: str) -> Iterator[tuple[int, Image]]:
    """
    Yield header stamp (ns) and picture, BGR (H, W, 3) uint8, of every image of a topic.

    Raises what bag_messages raises, and ImageError for a message that is no picture.
    """
    for message in bag_messages(bag, topic):
        stamp = message.header.stamp
        yield stamp.sec * 10**9 + stamp.nanosec, to_bgr(message)


def bag_messages(bag: Path, topic: str) -> Iterator[Any]:
    """
    Yield every message of a topic, one at a time: memory does not grow with the bag.

    Raises BagError for a bag that cannot be read or has no such topic.
    """
    # Camera messages have the same fields in every release.
    typestore = get_typestore(Stores.LATEST)
    with contextlib.closing(BagSource(bag)) as source:
        topics = source.select([topic])
        for message in source.messages(topics, source.first_ns, source.last_ns + 1):
            yield typestore.deserialize_cdr(message.data, message.topic.msgtype)
