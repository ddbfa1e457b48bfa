# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Whether two runs over the same bag reported the same, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from compressed_detector.bags import BagSource
from compressed_detector.detection.detection_cdr import ARRAY
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.detection_messages import deserialize


def recorded_detections(bag: Path, labels: Sequence[str]) -> dict[int, Detections]:
    """
    Return what is in a bag of one topic of detections that evaluate_bag wrote, by stamp (ns).

    ``labels``: of the model. Raises BagError.
    """
    with BagSource(bag) as source:
        topics = [topic for topic in source.topics if topic.msgtype == ARRAY]
        # They were recorded at the stamps of their images.
        return {message.log_ns: deserialize(message.data, labels) for message in
                source.messages(topics, source.first_ns, source.last_ns + 1)}


def largest_difference(
    first: Mapping[int, Detections], second: Mapping[int, Detections]
) -> tuple[int, float]:
    """
    Return how many frames both have, and the largest difference between them.

    That is between a side of a box, in pixels, or a score, in one run and in the other; infinite
    where one run has more detections in a frame or calls one something else.
    """
    both = first.keys() & second.keys()
    return len(both), max((_difference(first[stamp], second[stamp]) for stamp in both), default=0)


def _difference(first: Detections, second: Detections) -> float:
    if not np.array_equal(first.class_ids, second.class_ids):
        return math.inf
    return float(max(np.abs(first.boxes_xyxy - second.boxes_xyxy).max(initial=0),
                     np.abs(first.scores - second.scores).max(initial=0)))
