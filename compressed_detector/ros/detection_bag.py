# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded detections as a rosbag2 that RViz or Foxglove open beside the original."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from compressed_detector.errors import RosError
from compressed_detector.resources import share_folders

DETECTIONS_TYPE = 'vision_msgs/msg/Detection2DArray'
RELEASE = Stores.ROS2_HUMBLE  # the oldest release that must read the bag


def write_detections(folder: Path, topic: str, answers: Mapping[int, bytes]) -> None:
    """
    Write serialized Detection2DArray, keyed by image stamp (ns), as MCAP into a new folder.

    The log time of a message is the stamp of its image, so that both bags play in step.
    """
    typestore = get_typestore(RELEASE)
    definitions = {}
    for path in _definitions('vision_msgs'):
        text = path.read_text(encoding='utf-8')
        definitions.update(get_types_from_msg(text, f'vision_msgs/msg/{path.stem}'))
    typestore.register({k: v for k, v in definitions.items() if k not in typestore.types})
    with Writer(folder, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection(topic, DETECTIONS_TYPE, typestore=typestore)
        for stamp_ns, serialized in sorted(answers.items()):
            writer.write(connection, stamp_ns, serialized)


def _definitions(package: str) -> list[Path]:
    for share in share_folders(package):
        if found := sorted((share / 'msg').glob('*.msg')):
            return found
    raise RosError(f'no message definitions of {package} found; source your ROS 2 distribution')
