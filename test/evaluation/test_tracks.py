# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""First sights and gaps of films at 10 Hz, written as x for seen and . for missed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from recordings import Thing, recording

from compressed_detector.evaluation.tracks import Sightings, sightings


def watched(pattern: str, **more: Any) -> Sightings:
    """Return what became of one object; in a frame with a blank it is not visible."""
    things = [[] if mark == ' ' else [Thing(track=7, forward_m=10.0 - frame, right_m=0)]
              for frame, mark in enumerate(pattern)]
    film = recording(things, [[]] * len(pattern), **more)
    marks = pattern.replace(' ', '')
    seen = np.array([mark == 'x' for mark in marks], np.bool_)
    return sightings(film, np.arange(len(pattern)), seen, np.ones(len(marks), np.bool_))


@pytest.mark.parametrize(('pattern', 'first_s', 'first_m', 'gap_s'), [
    ('xxxx', 0, 10, 0), ('..xx', 0.2, 8, 0.2), ('x..x', 0, 10, 0.2), ('x.xx...', 0, 10, 0.3),
    ('....', math.inf, 0, 0.4), ('x. .x', 0, 10, 0.2), ('  .x', 0.1, 7, 0.1),
])
def test_first_sight_and_longest_gap(
    pattern: str, first_s: float, first_m: float, gap_s: float
) -> None:
    found = watched(pattern)
    assert len(found) == 1
    assert found.first_seen_s[0] == pytest.approx(first_s)
    assert found.first_seen_m[0] == pytest.approx(first_m)
    assert found.longest_gap_s[0] == pytest.approx(gap_s)


def test_the_robot_hears_of_it_when_the_answer_comes_and_it_has_come_nearer() -> None:
    found = watched('.xxx', ages_ms=np.array([np.nan, 150, 150, 150]))
    assert found.first_seen_s[0] == pytest.approx(0.25)
    assert found.first_seen_m[0] == pytest.approx(7.5)  # between the frames of 0.2 and 0.3 s


def test_frames_without_truth_are_bridged_by_the_one_before() -> None:
    annotated = np.array([1, 0, 0, 1, 0, 0, 1])
    found = watched('.xxxxxx', annotated=annotated)
    # Annotated is every third frame; in the first of them it is missed.
    assert found.first_seen_s[0] == pytest.approx(0.3)
    assert found.longest_gap_s[0] == pytest.approx(0.3)


def test_distances_that_are_not_known_stay_unknown() -> None:
    film = recording([[Thing(track=1)]] * 2, [[]] * 2)
    for seen in (True, False):
        found = sightings(film, np.zeros(2, int), np.full(2, seen), np.zeros(2, np.bool_))
        assert math.isnan(found.first_seen_m[0])


def test_every_track_has_a_row_and_ignored_or_nameless_objects_have_none() -> None:
    film = recording([[Thing(track=5), Thing(track=2, ignored=True), Thing()],
                      [Thing(track=2), Thing(track=5)]], [[]] * 2)
    found = sightings(film, np.array([3, 4]), np.array([1, 0, 0, 1, 0], np.bool_),
                      np.array([0, 0, 0, 0, 1], np.bool_))
    assert found.units.tolist() == [3, 4]
    assert found.in_corridor.tolist() == [True, False]
    assert found.longest_gap_s.tolist() == pytest.approx([0.1, 0])


def test_pictures_that_are_no_film_have_no_times() -> None:
    found = watched('.x', sequential=False)
    assert np.isnan([found.first_seen_s, found.first_seen_m, found.longest_gap_s]).all()
    assert len(sightings(recording([[]], [[]]), np.zeros(1, int), *np.zeros((2, 0), bool))) == 0
