# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which classes are obstacles, and from which score on."""

import numpy as np
import pytest

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.classes import class_thresholds, keep_obstacles
from compressed_detector.detection.types import Detections
from compressed_detector.errors import ConfigError

LABELS = ('person', 'car', 'kite')


def thresholds(**settings):
    return class_thresholds(DetectionSettings(**settings), LABELS).tolist()


def test_all_classes_share_the_threshold_unless_one_has_its_own():
    assert thresholds(score_threshold=0.5) == [0.5, 0.5, 0.5]
    assert thresholds(score_threshold=0.5, class_thresholds=['car:0.25']) == [0.5, 0.25, 0.5]


def test_only_the_listed_classes_are_obstacles():
    assert thresholds(score_threshold=0.5, classes=['kite', 'person']) == [0.5, np.inf, 0.5]


@pytest.mark.parametrize('settings', [{'classes': ['dragon']},
                                      {'class_thresholds': ['dragon:0.5']}])
def test_a_class_that_the_model_does_not_know_is_named_with_those_it_knows(settings):
    with pytest.raises(ConfigError, match=r"\['dragon'\]; it knows person, car, kite"):
        thresholds(**settings)


def test_candidates_below_the_threshold_of_their_class_go():
    candidates = Detections(
        np.zeros((4, 4)), np.array([0.5, 0.5, 0.3, 0.9]), np.array([0, 1, 1, 2])
    )
    kept = keep_obstacles(candidates, np.array([0.5, 0.25, np.inf], np.float32))
    assert kept.class_ids.tolist() == [0, 1, 1]
