# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that do not fit the default shared memory of Fast DDS, and what to do about them."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterable
from pathlib import Path

from rclpy.utilities import get_rmw_implementation_identifier

from compressed_detector.resources import shared_file

PROFILE = 'fastdds_large_images.xml'
DEFAULT_SEGMENT_BYTES = 512 * 1024
LARGE_TYPES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/PointCloud2')
SETTINGS = (
    'FASTDDS_DEFAULT_PROFILES_FILE',
    'FASTRTPS_DEFAULT_PROFILES_FILE',
    'FASTDDS_BUILTIN_TRANSPORTS',
)
PROFILES_HERE = ('DEFAULT_FASTDDS_PROFILES.xml', 'DEFAULT_FASTRTPS_PROFILES.xml')
# Kilted's rclpy; its Fast DDS complains about the setting of older releases.
FIRST_RCLPY_WITH_NEW_NAME = 9
WARNING = (
    'messages of more than 512 KB do not fit the default shared memory of Fast DDS, best effort '
    'subscribers in other processes will miss most of them: set FASTDDS_DEFAULT_PROFILES_FILE to '
    f'the path of config/{PROFILE}'
)


def may_be_lost(size_bytes: int) -> bool:
    """Return whether best-effort subscribers may never see messages of this size."""
    if size_bytes <= DEFAULT_SEGMENT_BYTES:
        return False
    fastdds = get_rmw_implementation_identifier().startswith('rmw_fastrtps')
    return fastdds and not _configured()


def prepare_for(msgtypes: Iterable[str]) -> None:
    """
    Give Fast DDS more shared memory if one of the message types tends to be large.

    It acts through the environment of this process, so it must come before the first node. What
    the user configured is left alone; so is a process that sends small messages only, because
    the memory (16 MB) is reserved at once, and containers have little of it.
    """
    profile = shared_file(f'config/{PROFILE}')
    if profile and not _configured() and not set(LARGE_TYPES).isdisjoint(msgtypes):
        os.environ[_setting()] = str(profile)


def _configured() -> bool:
    # Humble adds its loopback transport to those of a profile instead of replacing them: the
    # profile would open to the network what ROS_LOCALHOST_ONLY keeps on this machine.
    return (
        any(os.environ.get(name) for name in SETTINGS)
        or any(Path(name).exists() for name in PROFILES_HERE)
        or (os.environ.get('ROS_DISTRO') == 'humble'
            and os.environ.get('ROS_LOCALHOST_ONLY') == '1')
    )


def _setting() -> str:
    major = int(importlib.metadata.version('rclpy').split('.')[0])
    return SETTINGS[0] if major >= FIRST_RCLPY_WITH_NEW_NAME else SETTINGS[1]
