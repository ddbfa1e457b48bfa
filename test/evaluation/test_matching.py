# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One detection answers one object, best score first."""

import numpy as np

from compressed_detector.evaluation.matching import match

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
