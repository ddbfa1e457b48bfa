# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import cv2
import numpy as np
import pytest
from harness import TINY_MODEL, picture

from compressed_detector.detection.detector import Detector
from compressed_detector.detection.types import Detections
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.agreement import Teacher

pytest.importorskip('faster_coco_eval')


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    for number in range(6):
        cv2.imwrite(str(tmp_path / f'{number}.png'), picture(left=8 * number))
    return sorted(tmp_path.iterdir())


@pytest.fixture(scope='module')
def detector() -> Detector:
    return Detector.load(TINY_MODEL, num_threads=1)


def test_a_detector_agrees_with_itself(paths: list[Path], detector: Detector) -> None:
    teacher = Teacher(detector, paths)
    assert teacher.agreement(detector) == pytest.approx(1.0)


def test_what_is_missed_or_misplaced_is_disagreement(
    paths: list[Path], detector: Detector
) -> None:
    teacher = Teacher(detector, paths)
    same = teacher.detections(detector)
    half = [found if index % 2 else Detections.empty() for index, found in enumerate(same)]
    moved = [Detections(found.boxes_xyxy + 100, found.scores, found.class_ids) for found in same]
    difference, low, high = teacher.difference(same, half, samples=50, seed=0)
    assert difference == pytest.approx(-0.5, abs=0.02)
    assert -1 <= low < difference < high < 0
    assert teacher.difference(same, moved, samples=5, seed=0)[0] == pytest.approx(-1.0)
    assert teacher.difference(same, same, samples=5, seed=0) == (0, 0, 0)


def test_only_the_classes_count_that_both_know(paths: list[Path], detector: Detector) -> None:
    everything = Teacher(detector, paths).detections(detector)
    seen = detector.labels[int(everything[0].class_ids[0])]
    other = next(label for label in detector.labels if label != seen)
    teacher = Teacher(detector, paths, [other, seen])
    assert teacher.agreement(detector) == pytest.approx(1.0)
    assert {int(found.class_ids[0]) for found in teacher.detections(detector)} == {1}
    assert not any(map(len, Teacher(detector, paths, [other]).detections(detector)))


def test_teacher_that_sees_nothing_cannot_be_agreed_with(
    tmp_path: Path, detector: Detector
) -> None:
    cv2.imwrite(str(tmp_path / 'black.png'), np.zeros((64, 64, 3), np.uint8))
    teacher = Teacher(detector, [tmp_path / 'black.png'])
    with pytest.raises(EvaluationError, match='expected at least one detection'):
        teacher.agreement(detector)
