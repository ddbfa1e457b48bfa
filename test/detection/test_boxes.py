# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Intersection over union and suppression equal their brute-force definitions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.boxes import (
    areas,
    class_wise_nms,
    clip,
    from_centres,
    iou_matrix,
)

Box = tuple[int, int, int, int]

# Small integer corners make ties, identical, touching, nested, degenerate and inside-out boxes
# common, and every area exact in float32.
BOXES = st.tuples(*[st.integers(-8, 8)] * 4)
SCORES = st.integers(0, 4).map(lambda quarter: quarter / 4)
CANDIDATES = st.lists(st.tuples(BOXES, SCORES, st.integers(0, 2)), max_size=12)
THRESHOLDS = st.integers(0, 20).map(lambda twentieth: Fraction(twentieth, 20))


def as_array(boxes: list[Box]) -> np.ndarray:
    return np.array(boxes, np.float32).reshape(-1, 4)


def pixels(box: Box) -> set[tuple[int, int]]:
    left, top, right, bottom = box
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


def iou_by_counting(first: Box, second: Box) -> Fraction:
    """Return the share of the unit squares in either box that are in both."""
    union = len(pixels(first) | pixels(second))
    return Fraction(len(pixels(first) & pixels(second)), union) if union else Fraction(0)


def nms_by_definition(
    candidates: list[tuple[Box, float, int]], threshold: Fraction
) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(candidates)), key=lambda row: (-candidates[row][1], row)):
        box, _, class_id = candidates[index]
        rivals = [candidates[row][0] for row in kept if candidates[row][2] == class_id]
        if all(iou_by_counting(box, rival) <= threshold for rival in rivals):
            kept.append(index)
    return kept


def nms(
    candidates: list[tuple[Box, float, int]], threshold: float, limit: int | None = None
) -> list[int]:
    kept = class_wise_nms(
        as_array([box for box, _, _ in candidates]),
        np.array([score for _, score, _ in candidates], np.float32),
        np.array([class_id for _, _, class_id in candidates], np.int32),
        threshold, limit,
    )
    return [int(index) for index in kept]


def test_box_lies_around_its_centre() -> None:
    boxes = from_centres(np.array([[10, 20], [0, 0]], np.float32),
                         np.array([[4, 6], [1, 0]], np.float32))
    assert boxes.tolist() == [[8, 17, 12, 23], [-0.5, 0, 0.5, 0]]
    assert boxes.dtype == np.float32
    assert from_centres(boxes[:0, :2], boxes[:0, 2:]).shape == (0, 4)


@given(boxes=st.lists(BOXES, max_size=8))
def test_area_is_the_number_of_pixels(boxes: list[Box]) -> None:
    assert areas(as_array(boxes)).tolist() == [len(pixels(box)) for box in boxes]


@given(first=st.lists(BOXES, max_size=6), second=st.lists(BOXES, max_size=6))
def test_iou_equals_counting_pixels(first: list[Box], second: list[Box]) -> None:
    expected = np.array(
        [[float(iou_by_counting(a, b)) for b in second] for a in first], np.float32
    ).reshape(len(first), len(second))
    np.testing.assert_array_equal(iou_matrix(as_array(first), as_array(second)), expected)


@pytest.mark.parametrize(
    ('first', 'second', 'expected'),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 4, 4), (1, 1, 3, 3), 1 / 4),
        ((0, 0, 2, 2), (2, 0, 4, 2), 0),  # they touch
        ((1, 1, 1, 1), (1, 1, 1, 1), 0),  # two points: the union is empty
        ((2, 2, 0, 0), (0, 0, 2, 2), 0),  # inside out
    ],
)
def test_iou_of_known_boxes(first: Box, second: Box, expected: float) -> None:
    iou = iou_matrix(as_array([first]), as_array([second]))
    assert iou == pytest.approx(expected, abs=1e-7)


def test_iou_of_identical_boxes_is_one_whatever_their_size() -> None:
    boxes = np.array([[0, 0, 1e-3, 1e-3], [0.1, 0.2, 4095.7, 3071.3]], np.float32)
    assert np.diag(iou_matrix(boxes, boxes)).tolist() == [1, 1]


@pytest.mark.parametrize(('rows', 'columns'), [(0, 0), (0, 3), (3, 0)])
def test_iou_with_no_boxes_is_an_empty_matrix(rows: int, columns: int) -> None:
    iou = iou_matrix(np.zeros((rows, 4), np.float32), np.ones((columns, 4), np.float32))
    assert iou.shape == (rows, columns)
    assert iou.dtype == np.float32


@given(candidates=CANDIDATES, threshold=THRESHOLDS)
def test_nms_equals_the_greedy_definition(
    candidates: list[tuple[Box, float, int]], threshold: Fraction
) -> None:
    assert nms(candidates, float(threshold)) == nms_by_definition(candidates, threshold)


@given(candidates=CANDIDATES, threshold=THRESHOLDS)
def test_nms_of_what_nms_kept_changes_nothing(
    candidates: list[tuple[Box, float, int]], threshold: Fraction
) -> None:
    kept = [candidates[row] for row in nms(candidates, float(threshold))]
    assert nms(kept, float(threshold)) == list(range(len(kept)))


@pytest.mark.parametrize('count', [63, 64, 65, 128, 300])
def test_nms_of_many_boxes_equals_the_definition_up_to_any_limit(count: int) -> None:
    generator = np.random.default_rng(count)
    corners = generator.integers(0, 12, (count, 2))
    boxes = np.hstack([corners, corners + generator.integers(1, 9, (count, 2))])
    scores, classes = generator.integers(0, 40, count) / 40, generator.integers(0, 3, count)
    candidates = list(zip(map(tuple, boxes.tolist()), scores.tolist(), classes.tolist()))
    expected = nms_by_definition(candidates, Fraction(2, 5))
    assert len(expected) > 20
    assert nms(candidates, 0.4) == expected
    for limit in (0, 1, 20, len(expected), count):
        assert nms(candidates, 0.4, limit) == expected[:limit]


def test_nms_keeps_the_earlier_box_on_equal_scores() -> None:
    later_is_larger = [((0, 0, 4, 4), 0.5, 0), ((0, 0, 4, 5), 0.5, 0), ((0, 0, 4, 4), 0.5, 0)]
    assert nms(later_is_larger, 0.5) == [0]


def test_nms_keeps_higher_score_of_two_that_overlap() -> None:
    assert nms([((0, 0, 4, 4), 0.5, 0), ((0, 0, 4, 5), 0.75, 0)], 0.5) == [1]


def test_nms_keeps_boxes_that_overlap_by_exactly_the_threshold() -> None:
    # Intersection 3, union 5: the IoU is 0.6.
    candidates = [((0, 0, 4, 1), 0.9, 0), ((1, 0, 5, 1), 0.8, 0)]
    assert nms(candidates, 0.6) == [0, 1]
    assert nms(candidates, 0.59) == [0]


def test_nms_leaves_other_classes_alone() -> None:
    assert nms([((0, 0, 4, 4), 0.5, class_id) for class_id in range(80)], 0.0) == list(range(80))


def test_suppressed_box_suppresses_nothing() -> None:
    # The second falls to the first; the third overlaps only the second.
    chain = [((0, 0, 4, 1), 0.9, 0), ((2, 0, 6, 1), 0.8, 0), ((4, 0, 8, 1), 0.7, 0)]
    assert nms(chain, 0.3) == [0, 2]


def test_nms_of_nothing_is_nothing() -> None:
    assert nms([], 0.5) == []


@given(boxes=st.lists(BOXES, max_size=8), width=st.integers(1, 6), height=st.integers(1, 6))
def test_clip_keeps_the_pixels_inside_the_image(
    boxes: list[Box], width: int, height: int
) -> None:
    image = pixels((0, 0, width, height))
    clipped = clip(as_array(boxes), width, height)
    assert clipped.dtype == np.float32
    assert clipped.shape == (len(boxes), 4)
    for box, inside in zip(boxes, clipped.astype(int).tolist()):
        assert pixels(tuple(inside)) == pixels(box) & image
