# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The message types of bags, without a ROS installation: those of ROS 2, and vision_msgs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from rosbags.interfaces import Connection, MessageDefinitionFormat
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from compressed_detector.errors import RosError
from compressed_detector.resources import definition_folders

RELEASE = Stores.ROS2_HUMBLE  # the oldest release that must read what is written


@functools.cache
def typestore() -> Typestore:
    """Return the types of ROS 2 and of vision_msgs; raises RosError where those are not found."""
    store = get_typestore(RELEASE)
    definitions = {}
    for path in _definitions('vision_msgs'):
        text = path.read_text(encoding='utf-8')
        definitions.update(get_types_from_msg(text, f'vision_msgs/msg/{path.stem}'))
    store.register({k: v for k, v in definitions.items() if k not in store.types})
    return store


def recorded_types(connections: Sequence[Connection]) -> Typestore:
    """
    Return the types of a topic as its bag defines them, which may be of another release.

    A bag that holds no definitions is read with those that are known here.
    """
    definition = next((c.msgdef for c in connections if c.msgdef.data), None)
    if definition is None or definition.format is not MessageDefinitionFormat.MSG:
        return typestore()
    store = get_typestore(Stores.EMPTY)
    store.register(get_types_from_msg(definition.data, connections[0].msgtype))
    return store


def _definitions(package: str) -> list[Path]:
    for folder in definition_folders(package):
        if found := sorted(folder.glob('*.msg')):
            return found
    raise RosError(f'no message definitions of {package} found; source your ROS 2 distribution')
