# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The classical detector finds the people of the sample bag; OpenCV 5 may lack it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from compressed_detector.config import DetectionSettings
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.coco_truth import load_ground_truth
from compressed_detector.evaluation.hog import HogDetector
from compressed_detector.evaluation.matching import match
from compressed_detector.evaluation.sources import bag_images

BAG = Path(__file__).parents[1] / 'data' / 'pedestrians'
needs_hog = pytest.mark.skipif(
    not hasattr(cv2, 'HOGDescriptor'), reason='this OpenCV was built without HOGDescriptor')


@needs_hog
def test_it_finds_people_and_gives_better_scores_to_the_surer_ones() -> None:
    truth = load_ground_truth(BAG / 'ground_truth.json', 'person')[0]
    _, image = next(bag_images(BAG, '/camera/image/compressed'))
    faint = DetectionSettings(score_threshold=0.2)
    found, more = HogDetector().detect_each(image, (DetectionSettings(), faint))
    assert (found.scores >= DetectionSettings().score_threshold).all()
    answers = match(found.boxes_xyxy, found.scores, truth.boxes_xyxy, 0.5)
    assert (answers >= 0).sum() >= 2
    assert len(more) > len(found)
    assert (np.diff(more.scores) <= 0).all()


@needs_hog
@pytest.mark.parametrize('shape', [(127, 640, 3), (480, 63, 3), (480, 640, 3)])
def test_it_sees_nobody_in_grey_and_in_pictures_too_small_for_its_window(shape: tuple) -> None:
    assert not len(next(HogDetector().detect_each(
        np.full(shape, 128, np.uint8), [DetectionSettings()])))


@needs_hog
def test_a_threshold_of_one_lets_nothing_pass() -> None:
    image = np.random.default_rng(0).integers(0, 255, (256, 256, 3), np.uint8)
    nothing = DetectionSettings(score_threshold=1.0)
    assert not len(next(HogDetector().detect_each(image, [nothing])))


@pytest.mark.skipif(hasattr(cv2, 'HOGDescriptor'), reason='this OpenCV has HOGDescriptor')
def test_where_it_is_missing_the_error_says_what_to_install() -> None:
    with pytest.raises(EvaluationError, match='opencv-contrib-python-headless'):
        HogDetector()
