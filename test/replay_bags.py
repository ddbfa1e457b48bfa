# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Small bags with known contents, for the tests of replaying; no rclpy in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

FIRST_NS = 1_700_000_000_000_000_000
MS = 1_000_000
IMAGE = 'sensor_msgs/msg/CompressedImage'
NOT_INSTALLED = 'not_installed_msgs/msg/Number'
UNSPECIFIED = QosTime(0, 0)
TYPES = get_typestore(Stores.ROS2_HUMBLE)
TYPES.register(get_types_from_msg('int32 number', NOT_INSTALLED))
VISION = Path(__file__).parents[1] / 'interfaces' / 'vision_msgs' / 'msg'
TYPES.register({
    name: fields for path in VISION.glob('*.msg')
    for name, fields in get_types_from_msg(
        path.read_text(), f'vision_msgs/msg/{path.stem}').items()
})


def recorded_qos(
    reliability: QosReliability = QosReliability.RELIABLE,
    durability: QosDurability = QosDurability.VOLATILE,
    history: QosHistory = QosHistory.KEEP_LAST,
    depth: int = 10,
    deadline: QosTime = UNSPECIFIED,
    lifespan: QosTime = UNSPECIFIED,
) -> Qos:
    """Make a QoS profile as a bag holds it."""
    return Qos(
        history, depth, reliability, durability, deadline, lifespan, QosLiveliness.AUTOMATIC,
        UNSPECIFIED, avoid_ros_namespace_conventions=False,
    )


@dataclass(frozen=True)
class Track:
    """What one topic of a bag holds: messages, and when each was logged."""

    topic: str
    msgtype: str
    log_ns: Sequence[int]
    messages: Sequence[Any]
    qos: Sequence[Qos] = ()


def header(stamp_ns: int) -> Any:
    """Make a std_msgs/Header."""
    stamp = TYPES.types['builtin_interfaces/msg/Time'](*divmod(stamp_ns, 10**9))
    return TYPES.types['std_msgs/msg/Header'](stamp, 'camera')


def image_track(
    topic: str = '/camera/image', count: int = 10, period_ms: int = 50, size: int = 1000,
    qos: Sequence[Qos] = (), first_ns: int = FIRST_NS,
) -> Track:
    """Make compressed images whose stamps lie 7 ms before their log times."""
    log_ns = [first_ns + index * period_ms * MS for index in range(count)]
    pixels = np.random.default_rng(count).integers(0, 255, size, dtype=np.uint8)
    images = [TYPES.types[IMAGE](header(ns - 7 * MS), 'jpeg', pixels) for ns in log_ns]
    return Track(topic, IMAGE, log_ns, images, qos)


def number_track(topic: str, count: int = 3) -> Track:
    """Make messages of a type whose package is nowhere installed."""
    number = TYPES.types[NOT_INSTALLED]
    log_ns = [FIRST_NS + index * MS for index in range(count)]
    return Track(topic, NOT_INSTALLED, log_ns, [number(7)] * count)


def text_track(topic: str, text: str = 'hello', qos: Sequence[Qos] = ()) -> Track:
    """Make one std_msgs/String: a message without a header."""
    message = TYPES.types['std_msgs/msg/String'](text)
    return Track(topic, 'std_msgs/msg/String', [FIRST_NS], [message], qos)


def write_bag(
    path: Path, *tracks: Track, storage: StoragePlugin = StoragePlugin.MCAP,
    compression: CompressionMode = CompressionMode.NONE,
) -> Path:
    """Write a bag, message by message in the order of log time; return its path."""
    writer = Writer(path, version=8, storage_plugin=storage)
    if compression is not CompressionMode.NONE:
        writer.set_compression(compression, CompressionFormat.ZSTD)
    with writer:
        rows = []
        for track in tracks:
            connection = writer.add_connection(
                track.topic, track.msgtype, typestore=TYPES, offered_qos_profiles=list(track.qos)
            )
            rows += [(ns, connection, item) for ns, item in zip(track.log_ns, track.messages)]
        for ns, connection, message in sorted(rows, key=lambda row: row[0]):
            writer.write(connection, ns, TYPES.serialize_cdr(message, connection.msgtype))
    return path
