# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Average precision, calculated by hand on a few boxes, and annotations that are none."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import AnnotationError, EvaluationError
from compressed_detector.evaluation.coco import CocoResult, average_precision, load_coco

LABELS = ('dog', 'person')
Box = tuple[float, float, float, float]


def annotation(
    image_id: int, box: list[float], category_id: int = 7, **more: Any
) -> dict[str, Any]:
    return {'id': 0, 'image_id': image_id, 'category_id': category_id, 'bbox': box, **more}


def dataset(*annotations: dict[str, Any], images: int = 1) -> dict[str, Any]:
    return {
        'images': [{'id': index, 'file_name': f'{index}.png'} for index in range(images)],
        'categories': [{'id': 7, 'name': 'person'}, {'id': 9, 'name': 'dog'}],
        'annotations': list(annotations),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures whose grey value is their id."""
    for index in range(3):
        cv2.imwrite(str(tmp_path / f'{index}.png'), np.full((300, 300, 3), index, np.uint8))
    return tmp_path


def score(
    folder: Path, content: Any, seen: dict[int, list[tuple[Box, float, int]]]
) -> CocoResult:
    """Score a detector that sees the given (left, top, right, bottom), score, class id."""
    path = folder / 'annotations.json'
    path.write_text(content if isinstance(content, str) else json.dumps(content))

    def detect(image: Image) -> Detections:
        rows = seen.get(int(image[0, 0, 0]), [])
        return Detections(
            np.array([box for box, _, _ in rows], np.float32).reshape(-1, 4),
            np.array([value for _, value, _ in rows], np.float32),
            np.array([class_id for _, _, class_id in rows], np.int32),
        )

    return average_precision(detect, LABELS, load_coco(path, folder, LABELS))


def test_perfect_detector_scores_one(folder: Path) -> None:
    content = dataset(annotation(0, [10, 20, 100, 50]), annotation(1, [0, 0, 30, 30]), images=2)
    result = score(folder, content, {
        0: [((10, 20, 110, 70), 0.9, 1)], 1: [((0, 0, 30, 30), 0.2, 1)]
    })
    assert (result.ap, result.ap50, result.ap75, result.images) == (1, 1, 1, 2)
    assert result.per_class == {'person': 1}


def test_false_alarm_between_two_hits_costs_what_it_costs_by_hand(folder: Path) -> None:
    content = dataset(annotation(0, [0, 0, 100, 100]), annotation(0, [150, 150, 100, 100]))
    result = score(folder, content, {0: [
        ((0, 0, 100, 100), 0.9, 1), ((0, 150, 100, 250), 0.8, 1), ((150, 150, 250, 250), 0.7, 1),
    ]})
    # Precision is 1 up to recall 0.5 and 2/3 beyond, sampled at recall 0.00, 0.01, ..., 1.00.
    assert result.ap == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_loose_box_counts_at_the_thresholds_that_it_reaches(folder: Path) -> None:
    result = score(
        folder, dataset(annotation(0, [0, 0, 100, 100])), {0: [((0, 0, 62, 100), 0.9, 1)]}
    )
    # IoU 0.62 reaches 0.50, 0.55 and 0.60 of the ten thresholds.
    assert result.ap == pytest.approx(0.3)
    assert (result.ap50, result.ap75) == (1, 0)


def test_detection_of_the_other_class_is_a_miss_and_no_hit(folder: Path) -> None:
    content = dataset(annotation(0, [0, 0, 50, 50]), annotation(0, [100, 0, 50, 50], 9))
    result = score(folder, content, {0: [((0, 0, 50, 50), 0.9, 1), ((100, 0, 150, 50), 0.9, 1)]})
    assert result.per_class == {'person': 1, 'dog': 0}
    assert result.ap == pytest.approx(0.5)


def test_crowds_are_neither_hit_nor_missed(folder: Path) -> None:
    content = dataset(
        annotation(0, [0, 0, 50, 50]), annotation(0, [100, 0, 100, 100], iscrowd=1),
        annotation(0, [100, 0, 100, 100], 9, iscrowd=1),
    )
    result = score(folder, content, {0: [((0, 0, 50, 50), 0.5, 1), ((110, 0, 140, 40), 0.9, 1)]})
    assert result.ap == 1
    assert result.per_class == {'person': 1}


def test_detector_that_sees_nothing_scores_zero(folder: Path) -> None:
    result = score(folder, dataset(annotation(0, [0, 0, 50, 50])), {})
    assert (result.ap, result.ap50, result.ap75) == (0, 0, 0)
    assert result.per_class == {'person': 0}


def test_class_of_the_model_that_nobody_annotates_is_left_out(folder: Path) -> None:
    content = dataset(annotation(0, [0, 0, 50, 50]))
    content['categories'] = [{'id': 7, 'name': 'person'}]
    result = score(folder, content, {0: [((0, 0, 50, 50), 0.9, 1), ((0, 0, 9, 9), 0.99, 0)]})
    assert result.ap == 1


def test_progress_is_told_picture_by_picture(folder: Path) -> None:
    path = folder / 'annotations.json'
    path.write_text(json.dumps(dataset(annotation(0, [0, 0, 50, 50]), images=3)))
    told: list[tuple[int, int]] = []
    average_precision(
        lambda image: Detections.empty(), LABELS, load_coco(path, folder, LABELS),
        lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(('content', 'message'), [
    ('[]', 'expected annotations in COCO format'),
    (dataset(), 'expected at least one annotation'),
    ({**dataset(annotation(0, [0, 0, 5, 5])), 'categories': [{'id': 7, 'name': 'forklift'}]},
     r"expected the classes of the model, got \['forklift'\].*known: dog, person"),
    ({**dataset(annotation(0, [0, 0, 5, 5])), 'images': [{'id': 0, 'file_name': 'no.png'}]},
     'expected 1 pictures, 1 of them are missing, first .*no.png'),
])
def test_annotations_that_cannot_be_scored_are_refused(
    folder: Path, content: Any, message: str
) -> None:
    with pytest.raises(AnnotationError, match=f'annotations.json: .*{message}'):
        score(folder, content, {})


def test_picture_that_cannot_be_decoded_is_named(folder: Path) -> None:
    (folder / '0.png').write_bytes(b'no picture')
    with pytest.raises(EvaluationError, match='expected a picture .*0.png, cannot read it'):
        score(folder, dataset(annotation(0, [0, 0, 5, 5])), {})
