# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Two runs are compared in the frames that both have."""

from __future__ import annotations

import math

import numpy as np
import pytest

from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.same_answers import largest_difference


def found(left: float = 0, score: float = 0.5, number: int = 0, count: int = 1) -> Detections:
    box = np.array([[left, 0, 10, 10]], np.float32)
    return Detections(np.repeat(box, count, 0), np.full(count, score, np.float32),
                      np.full(count, number, np.int32))


@pytest.mark.parametrize(('other', 'difference'), [
    (found(), 0), (found(left=-0.25), 0.25), (found(score=0.75), 0.25),
    (found(number=1), math.inf), (found(count=2), math.inf), (Detections.empty(), math.inf),
])
def test_the_largest_difference_counts(other: Detections, difference: float) -> None:
    first, second = {1: found(), 2: found(), 3: found()}, {1: found(), 2: other, 4: found(5)}
    assert largest_difference(first, second) == (2, difference)


def test_nothing_in_both_is_alike() -> None:
    assert largest_difference({1: Detections.empty()}, {1: Detections.empty()}) == (1, 0)
    assert largest_difference({1: found()}, {2: found()}) == (0, 0)
