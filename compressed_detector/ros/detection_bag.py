# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections of a whole run as a rosbag2."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from pathlib import Path

from compressed_detector.detection.detection_cdr import ARRAY
from compressed_detector.ros.result_bag import ResultBag


def write_detections(
    folder: Path, answers: Mapping[str, Iterable[tuple[int, bytes]]]
) -> None:
    """
    Write serialized Detection2DArray as MCAP into a new folder.

    ``answers``: by topic, the stamps (ns) of images and what was detected in each, in their
    order. The log time of a message is that stamp, so that both bags play in step.
    """
    rows = ([(stamp_ns, topic, data) for stamp_ns, data in found]
            for topic, found in answers.items())
    with ResultBag(folder) as bag:
        for stamp_ns, topic, data in heapq.merge(*rows):
            bag.write(topic, ARRAY, stamp_ns, data)
