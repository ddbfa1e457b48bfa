# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is found, missed and invented, counted by hand and by definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from recordings import HERE, THERE, Report, Thing, recording

from compressed_detector.evaluation.matching import match
from compressed_detector.evaluation.operating_point import answer

ELSEWHERE = (600, 0, 700, 100)


def test_reports_are_right_or_wrong_or_excused() -> None:
    film = recording(
        [[Thing(), Thing(THERE, ignored=True)]],
        [[Report(), Report(THERE), Report(ELSEWHERE), Report(ELSEWHERE, score=0.2)]],
    )
    found = answer(film, 0.35, 0.5, by_class=True)
    assert found.reports.tolist() == [0, -1]
    assert found.ious[0] == 1
    assert found.right.tolist() == [True, False, False, False]
    assert found.wrong.tolist() == [False, False, True, False]


def test_a_dog_that_is_called_a_cat_is_seen_but_not_found() -> None:
    film = recording([[Thing(label=1)]], [[Report(label=0)]])
    assert answer(film, 0.35, 0.5, by_class=True).wrong.tolist() == [True]
    assert answer(film, 0.35, 0.5, by_class=False).reports.tolist() == [0]


def test_only_evaluated_frames_count() -> None:
    film = recording([[Thing()]] * 3, [[Report(), Report(ELSEWHERE)]] * 3,
                     annotated=np.array([1, 0, 1]), answered=np.array([1, 1, 0]))
    found = answer(film, 0.35, 0.5, by_class=True)
    assert found.reports.tolist() == [0, -1, -1]
    assert found.wrong.tolist() == [False, True, False, False, False, False]


def test_reports_do_not_answer_in_other_frames() -> None:
    film = recording([[Thing()], []], [[], [Report(HERE)]])
    found = answer(film, 0.35, 0.5, by_class=False)
    assert (found.reports.tolist(), found.wrong.tolist()) == ([-1], [True])


PLACES = st.sampled_from([(0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10), (0, 5, 10, 15)])
THINGS = st.builds(Thing, PLACES, st.integers(0, 1))
REPORTS = st.builds(Report, PLACES, st.floats(0, 1), st.integers(0, 1))
FRAMES = st.lists(st.tuples(st.lists(THINGS, max_size=4), st.lists(REPORTS, max_size=5)),
                  min_size=1, max_size=3)


@given(FRAMES, st.booleans())
def test_answers_are_those_of_matching_each_frame_and_class_by_itself(frames, by_class) -> None:
    film = recording([things for things, _ in frames], [reports for _, reports in frames])
    found = answer(film, 0.35, 0.5, by_class)
    objects, reports = film.objects, film.reports
    for frame in range(len(frames)):
        for number in range(2) if by_class else (slice(None),):
            there = np.flatnonzero(objects.frames == frame)
            loud = np.flatnonzero((reports.frames == frame) & (reports.scores >= 0.35))
            if by_class:
                there = there[objects.class_ids[there] == number]
                loud = loud[reports.class_ids[loud] == number]
            answers = match(reports.boxes_xyxy[loud], reports.scores[loud],
                            objects.boxes_xyxy[there], 0.5)
            assert found.wrong[loud].tolist() == (answers < 0).tolist()
            expected = np.full(len(there), -1)
            expected[answers[answers >= 0]] = loud[answers >= 0]
            assert found.reports[there].tolist() == expected.tolist()
