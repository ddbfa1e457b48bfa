# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One detection answers one object, best score first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.evaluation.matching import assign, match, overlaps

TRUTH = np.array([[0, 0, 10, 10], [100, 0, 110, 10]], np.float32)


def test_each_detection_takes_the_object_it_overlaps_most():
    detected = np.array([[101, 0, 111, 10], [0, 1, 10, 11]], np.float32)
    assert match(detected, np.array([0.5, 0.9], np.float32), TRUTH, 0.5).tolist() == [1, 0]


def test_the_better_score_takes_a_contested_object():
    detected = np.array([[0, 0, 10, 10], [0, 0, 10, 9]], np.float32)
    assert match(detected, np.array([0.4, 0.8], np.float32), TRUTH, 0.5).tolist() == [-1, 0]


def test_an_overlap_of_exactly_the_threshold_counts():
    half = np.array([[0, 0, 10, 5]], np.float32)
    assert match(half, np.ones(1, np.float32), TRUTH, 0.5).tolist() == [0]
    assert match(half, np.ones(1, np.float32), TRUTH, 0.51).tolist() == [-1]


def test_nothing_detected_or_nothing_there_is_answered_by_nothing():
    empty = np.zeros((0, 4), np.float32)
    assert match(empty, np.zeros(0, np.float32), TRUTH, 0.5).tolist() == []
    assert match(TRUTH, np.ones(2, np.float32), empty, 0.5).tolist() == [-1, -1]


def test_a_crowd_is_overlapped_by_what_lies_in_it():
    detected = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [50, 0, 60, 10]], np.float64)
    truth = np.array([[0, 0, 10, 40], [0, 0, 10, 40]], np.float64)
    found = overlaps(detected, truth, np.array([True, False]))
    assert found[:, 0].tolist() == [1, 0.5, 0]
    assert found[:, 1].tolist() == [0.25, 50 / 450, 0]


def assigned_by_definition(overlap, threshold, ignored, crowd):
    """The loops of COCO's reference implementation: objects in order, ignored ones last."""
    order = sorted(range(len(ignored)), key=lambda column: ignored[column])
    taken, answers = set(), []
    for row in overlap:
        best, best_overlap = -1, min(threshold, 1 - 1e-10)
        for column in order:
            if column in taken and not crowd[column]:
                continue
            if best > -1 and not ignored[best] and ignored[column]:
                break
            if row[column] >= best_overlap:
                best, best_overlap = column, row[column]
        if best > -1:
            taken.add(best)
        answers.append(best)
    return answers


@st.composite
def scenes(draw):
    rows, columns = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    # Few values, so that some are equal.
    values = st.sampled_from([0.0, 0.3, 0.5, 0.5, 0.6, 0.75, 1.0])
    overlap = draw(st.lists(st.lists(values, min_size=columns, max_size=columns),
                            min_size=rows, max_size=rows))
    flags = st.lists(st.booleans(), min_size=columns, max_size=columns)
    ignored, crowd = (np.array(draw(flags), np.bool_) for _ in range(2))
    return np.array(overlap).reshape(rows, columns), ignored, ignored & crowd


@given(scenes())
def test_objects_are_assigned_as_in_the_reference_implementation(scene):
    overlap, ignored, crowd = scene
    thresholds = np.array([0.5, 0.75, 1.0])
    assert assign(overlap, thresholds, ignored, crowd).tolist() == [
        assigned_by_definition(overlap, threshold, ignored, crowd) for threshold in thresholds
    ]
