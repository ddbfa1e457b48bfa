# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is found in a frame, and what the truth is that it is held against."""

import json

import numpy as np
import pytest

from compressed_detector.detection.types import Detections
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.coco_truth import load_ground_truth
from compressed_detector.evaluation.frame_scores import score_frames
from compressed_detector.evaluation.ground_truth import FrameTruth

PERSON = 0


def detections(*rows):
    """Rows of left, top, right, bottom, score, class."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(np.int32))


def truth(stamp_ns, *boxes):
    return FrameTruth(stamp_ns, np.array(boxes, np.float32).reshape(-1, 4))


def test_an_object_is_found_by_a_report_of_its_class_that_is_sure_enough():
    seen = {
        1: detections([0, 0, 10, 10, 0.9, PERSON], [50, 50, 60, 60, 0.9, PERSON]),
        2: detections([0, 0, 10, 10, 0.34, PERSON], [20, 0, 30, 10, 0.9, 1]),
    }
    frames = score_frames(
        seen,
        [truth(1, [0, 0, 10, 10]), truth(2, [0, 0, 10, 10], [20, 0, 30, 10]), truth(3)],
        PERSON, score_threshold=0.35, iou_threshold=0.5,
    )
    # Found in frame 1; in frame 2 one is too faint and the other of another class.
    assert [frame.found.tolist() for frame in frames] == [[True], [False, False], []]


def test_a_frame_that_was_never_answered_has_missed_everybody():
    frames = score_frames({}, [truth(1, [0, 0, 10, 10])], PERSON, 0.35, 0.5)
    assert [frame.found.tolist() for frame in frames] == [[False]]


def test_ground_truth_is_read_by_stamp_without_ignored_regions(tmp_path):
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps({
        'categories': [{'id': 4, 'name': 'person'}],
        'images': [{'id': 1, 'stamp_ns': 200}, {'id': 2, 'stamp_ns': 100}],
        'annotations': [
            {'image_id': 1, 'category_id': 4, 'bbox': [1, 2, 3, 4], 'iscrowd': 0},
            {'image_id': 1, 'category_id': 4, 'bbox': [9, 9, 9, 9], 'iscrowd': 1},
        ],
    }))
    first, second = load_ground_truth(path, 'person')
    assert (first.stamp_ns, len(first.boxes_xyxy)) == (100, 0)
    assert second.boxes_xyxy.tolist() == [[1, 2, 4, 6]]


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"images": [], "categories": []}'])
def test_a_file_that_is_no_ground_truth_is_refused(tmp_path, text):
    path = tmp_path / 'truth.json'
    path.write_text(text)
    with pytest.raises(EvaluationError, match='expected COCO JSON'):
        load_ground_truth(path, 'person')
