# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections of a whole run as a rosbag2."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from compressed_detector.ros.result_bag import ResultBag

DETECTIONS_TYPE = 'vision_msgs/msg/Detection2DArray'


def write_detections(folder: Path, topic: str, answers: Mapping[int, bytes]) -> None:
    """
    Write serialized Detection2DArray, keyed by image stamp (ns), as MCAP into a new folder.

    The log time of a message is the stamp of its image, so that both bags play in step.
    """
    with ResultBag(folder) as bag:
        for stamp_ns, serialized in sorted(answers.items()):
            bag.write(topic, DETECTIONS_TYPE, stamp_ns, serialized)
