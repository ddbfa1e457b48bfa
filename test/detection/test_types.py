# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections are columns that belong together, and none is a value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compressed_detector.detection.types import Detections


def three() -> Detections:
    boxes = np.arange(12, dtype=np.float32).reshape(3, 4)
    return Detections(boxes, np.array([0.9, 0.5, 0.1], np.float32), np.array([7, 8, 9], np.int32))


def test_empty_is_a_value_with_the_documented_shapes() -> None:
    none = Detections.empty()
    assert len(none) == 0
    assert [none.boxes_xyxy.shape, none.scores.shape, none.class_ids.shape] == [(0, 4), (0,), (0,)]
    assert [none.boxes_xyxy.dtype, none.scores.dtype, none.class_ids.dtype] == [
        np.float32, np.float32, np.int32
    ]


def test_columns_are_converted_to_the_documented_types() -> None:
    one = Detections([[1, 2, 3, 4]], [0.5], [3])  # type: ignore[arg-type]
    assert [one.boxes_xyxy.dtype, one.scores.dtype, one.class_ids.dtype] == [
        np.float32, np.float32, np.int32
    ]
    np.testing.assert_array_equal(one.boxes_xyxy, [[1, 2, 3, 4]])


@pytest.mark.parametrize(
    ('boxes', 'scores', 'class_ids', 'message'),
    [
        (np.zeros((2, 4)), np.zeros(3), np.zeros(3), r'boxes_xyxy .*\(3, 4\), got \(2, 4\)'),
        (np.zeros((3, 5)), np.zeros(3), np.zeros(3), r'boxes_xyxy .*\(3, 4\), got \(3, 5\)'),
        (np.zeros(4), np.zeros(1), np.zeros(1), r'boxes_xyxy of shape \(1, 4\), got \(4,\)'),
        (np.zeros((3, 4)), np.zeros((3, 1)), np.zeros(3), r'scores of shape \(3,\), got \(3, 1\)'),
        (np.zeros((3, 4)), np.zeros(3), np.zeros(2), r'class_ids of shape \(3,\), got \(2,\)'),
        (np.zeros((3, 4)), np.zeros(3), np.zeros((3, 1)), r'class_ids of shape \(3,\)'),
        (np.zeros(0), np.zeros(0), np.zeros(0), r'boxes_xyxy of shape \(0, 4\), got \(0,\)'),
        (np.zeros(4), 0.5, 1, r'boxes_xyxy of shape'),
    ],
)
def test_columns_that_do_not_belong_together_are_refused(
    boxes: Any, scores: Any, class_ids: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Detections(boxes, scores, class_ids)


@pytest.mark.parametrize(
    ('index', 'expected_ids'),
    [
        (slice(1, None), [8, 9]),
        (slice(0, 0), []),
        (np.array([2, 0]), [9, 7]),
        (np.array([], np.intp), []),
        (np.array([True, False, True]), [7, 9]),
        (np.zeros(3, bool), []),
    ],
)
def test_index_selects_rows_of_every_column(index: Any, expected_ids: list[int]) -> None:
    selected = three()[index]
    rows = [class_id - 7 for class_id in expected_ids]
    assert selected.class_ids.tolist() == expected_ids
    np.testing.assert_array_equal(selected.scores, three().scores[rows])
    np.testing.assert_array_equal(selected.boxes_xyxy, three().boxes_xyxy[rows])
    assert selected.boxes_xyxy.shape == (len(rows), 4)


def test_empty_can_be_indexed() -> None:
    assert len(Detections.empty()[np.zeros(0, bool)]) == 0
    assert len(Detections.empty()[:5]) == 0
