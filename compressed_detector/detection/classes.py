# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which classes are obstacles, and from which score on."""

from __future__ import annotations

import functools

import numpy as np

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.types import Detections, Floats
from compressed_detector.errors import ConfigError


@functools.lru_cache(maxsize=8)
def class_thresholds(settings: DetectionSettings, labels: tuple[str, ...]) -> Floats:
    """
    Return the score threshold of each class, (C,), +inf for classes that are no obstacles.

    Raises ConfigError for a class that the model does not know.
    """
    named = {**settings.thresholds_by_class, **dict.fromkeys(settings.classes)}
    if unknown := [name for name in named if name not in labels]:
        raise ConfigError(f'expected classes of the model, got {unknown}; it knows '
                          f'{", ".join(labels)}')
    thresholds = np.full(len(labels), settings.score_threshold, np.float32)
    for name, threshold in settings.thresholds_by_class.items():
        thresholds[labels.index(name)] = threshold
    if settings.classes:
        thresholds[[name not in settings.classes for name in labels]] = np.inf
    thresholds.setflags(write=False)  # shared by every caller
    return thresholds


def keep_obstacles(candidates: Detections, thresholds: Floats) -> Detections:
    """Return the candidates that reach the threshold of their class."""
    # A hair's breadth: heads compare logits, and the score of one that passes may round below.
    return candidates[candidates.scores >= thresholds[candidates.class_ids] - 1e-6]
