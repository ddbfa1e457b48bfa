# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How a recorded topic goes back onto the graph: its message class, its QoS, its stamp."""

from __future__ import annotations

import importlib
import json
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from rclpy.type_support import check_for_type_support
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)

from compressed_detector.errors import BagError, RosError

DEFAULT_DEPTH = 10
# Published once and kept for late subscribers, whether or not the bag recorded the QoS.
LATCHED = ('tf_static', 'robot_description', 'map')
# A CDR stream: 4 bytes of encapsulation header, then the stamp of a leading std_msgs/Header.
STAMP_BEGIN, STAMP_END = 4, 12
INFINITE_S = 2_147_483_647


def load_message_class(msgtype: str, recorded_hash: str = '') -> Any:
    """
    Import the class of a message type such as sensor_msgs/msg/Image.

    Raises RosError with the reason when it is not installed, or when its definition is not the
    one that was recorded (`recorded_hash`, RIHS01, empty if unknown): bytes of another
    definition would reach subscribers as garbage.
    """
    package, _, rest = msgtype.partition('/')
    kind, _, name = rest.partition('/')
    if kind != 'msg':
        raise RosError('not a message; services and actions are not replayed')
    module = _import_messages(package)
    message_class = getattr(module, name, None)
    if message_class is None:
        raise RosError(f'the installed package {package} has no message {name}')
    _check_type_support(message_class)
    installed_hash = _installed_hash(Path(str(module.__file__)), package, name)
    if recorded_hash and installed_hash and recorded_hash != installed_hash:
        raise RosError(
            f'recorded with another definition: expected type hash {recorded_hash}, the '
            f'installed one has {installed_hash}'
        )
    return message_class


def _import_messages(package: str) -> ModuleType:
    try:
        return importlib.import_module(f'{package}.msg')
    except ImportError as error:
        raise RosError(
            f'package {package} is not installed or not sourced (on a robot: sudo apt install '
            f'ros-$ROS_DISTRO-{package.replace("_", "-")})'
        ) from error


def _check_type_support(message_class: Any) -> None:
    try:
        check_for_type_support(message_class)
    # What a package with a missing or foreign C library raises differs by release.
    except Exception as error:
        raise RosError(f'its type support cannot be loaded: {error}') from error


def _installed_hash(module_file: Path, package: str, name: str) -> str:
    """Return the RIHS01 hash installed beside the imported module; empty before Iron."""
    description = Path('share') / package / 'msg' / f'{name}.json'
    for prefix in module_file.parents:
        if (prefix / description).is_file():
            hashes = json.loads((prefix / description).read_text())['type_hashes']
            wanted = f'{package}/msg/{name}'
            return next((h['hash_string'] for h in hashes if h['type_name'] == wanted), '')
    return ''


def begins_with_header(message_class: Any) -> bool:
    """Return whether the first field is a std_msgs/Header, so that the stamp comes first."""
    return next(iter(message_class.get_fields_and_field_types().values()), '') == 'std_msgs/Header'


def restamp(data: bytes, stamp_ns: int) -> bytes:
    """
    Return the CDR bytes of a message that begins with a header, with another stamp.

    The byte order is the message's own; nothing else is touched. Raises BagError when the
    message is too short to hold a stamp.
    """
    if len(data) < STAMP_END:
        raise BagError(f'a message with a header has at least {STAMP_END} bytes, got {len(data)}')
    little_endian = data[1] & 1
    stamp = struct.pack('<iI' if little_endian else '>iI', *divmod(stamp_ns, 1_000_000_000))
    return b''.join((data[:STAMP_BEGIN], stamp, memoryview(data)[STAMP_END:]))


def offered_qos(topic: str, recorded: Sequence[Qos]) -> QoSProfile:
    """
    Return the QoS to publish a topic with: as recorded, or reliable, volatile, depth 10.

    Of several recorded publishers the strongest offer wins, because it serves every subscriber
    that one of them served. Middlewares do not tell recorders the history, and old bags lack
    the whole profile: these get the defaults, well-known latched topics transient-local.
    """
    latched = topic.rsplit('/', 1)[-1] in LATCHED and not recorded
    profile = QoSProfile(
        history=_history(recorded),
        depth=max((q.depth for q in recorded), default=0) or DEFAULT_DEPTH,
        reliability=_reliability(recorded),
        durability=(
            DurabilityPolicy.TRANSIENT_LOCAL
            if latched or any(q.durability is QosDurability.TRANSIENT_LOCAL for q in recorded)
            else DurabilityPolicy.VOLATILE
        ),
        deadline=_shortest(q.deadline for q in recorded),
        lifespan=_longest([q.lifespan for q in recorded]),
        liveliness_lease_duration=_shortest(q.liveliness_lease_duration for q in recorded),
    )
    if any(q.liveliness is QosLiveliness.MANUAL_BY_TOPIC for q in recorded):
        profile.liveliness = LivelinessPolicy.MANUAL_BY_TOPIC
    profile.avoid_ros_namespace_conventions = any(
        q.avoid_ros_namespace_conventions for q in recorded
    )
    return profile


def _history(recorded: Sequence[Qos]) -> HistoryPolicy:
    keep_all = any(q.history is QosHistory.KEEP_ALL for q in recorded)
    return HistoryPolicy.KEEP_ALL if keep_all else HistoryPolicy.KEEP_LAST


def _reliability(recorded: Sequence[Qos]) -> ReliabilityPolicy:
    best_effort = recorded and all(q.reliability is QosReliability.BEST_EFFORT for q in recorded)
    return ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE


def _finite_ns(durations: Iterable[QosTime]) -> list[int]:
    """Return the durations in ns without those that mean unspecified (0) or infinite."""
    finite = (time for time in durations if time != QosTime(0, 0) and time.sec < INFINITE_S)
    return [time.sec * 1_000_000_000 + time.nsec for time in finite]


def _shortest(durations: Iterable[QosTime]) -> Duration:
    return Duration(nanoseconds=min(_finite_ns(durations), default=0))


def _longest(durations: Sequence[QosTime]) -> Duration:
    finite_ns = _finite_ns(durations)
    return Duration(nanoseconds=max(finite_ns) if 0 < len(finite_ns) == len(durations) else 0)
