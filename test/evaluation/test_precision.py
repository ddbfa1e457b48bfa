# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Average precision by hand, and against both evaluators that others use."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import THERE, Report, Thing, recording

from compressed_detector.evaluation.precision import (
    ClassMatches,
    average_precision,
    match_classes,
    precision_figures,
)
from compressed_detector.evaluation.recording import Recording

NAMES = ('ap', 'ap50', 'ap75', 'ar1', 'ar10', 'ar100')


def matched(*films: Recording, wanted: Any = None, counted: Any = None) -> dict[str, ClassMatches]:
    """Match films whose frames are units one by one."""
    units, start = [], 0
    for film in films:
        units.append(np.arange(start, start + len(film.frames)))
        start += len(film.frames)
    return match_classes(
        films, units, wanted or [~film.objects.ignored for film in films],
        counted or [np.ones(len(film.reports), np.bool_) for film in films],
    )


def figures(things: Sequence[Sequence[Thing]], reports: Sequence[Sequence[Report]]) -> Any:
    return precision_figures(matched(recording(things, reports)))


def test_a_perfect_detector_scores_one() -> None:
    result = figures([[Thing(), Thing(THERE)], [Thing(label=1)]],
                     [[Report(), Report(THERE)], [Report(label=1)]])
    assert result == pytest.approx({**dict.fromkeys(NAMES, 1.0), 'ar1': 0.75})


def test_a_false_alarm_between_two_hits_costs_what_it_costs_by_hand() -> None:
    result = figures([[Thing(), Thing(THERE)]], [[
        Report(score=0.9), Report((500, 0, 600, 100), 0.8), Report(THERE, 0.7)]])
    # Precision is 1 up to recall 0.5 and 2/3 beyond, sampled at recall 0.00, 0.01, ..., 1.00.
    assert result['ap'] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_a_loose_box_counts_at_the_thresholds_that_it_reaches() -> None:
    result = figures([[Thing()]], [[Report((0, 0, 100, 72))]])
    assert (result['ap50'], result['ap75']) == pytest.approx((1, 0))
    assert (result['ap'], result['ar100']) == pytest.approx((0.5, 0.5))  # 0.50 to 0.70


def test_a_class_without_objects_does_not_count_and_a_missed_one_counts_zero() -> None:
    only = figures([[Thing()]], [[Report(), Report(label=1)]])
    both = figures([[Thing(), Thing(THERE, label=1)]], [[Report()]])
    assert (only['ap'], both['ap']) == pytest.approx((1, 0.5))


def test_without_objects_nothing_is_known_and_without_reports_nothing_is_found() -> None:
    assert all(math.isnan(value) for value in figures([[]], [[Report()]]).values())
    assert set(figures([[Thing()]], [[]]).values()) == {0.0}


def test_what_is_ignored_is_neither_asked_for_nor_held_against_anybody() -> None:
    region = Thing((300, 0, 500, 200), crowd=True)
    inside = [Report((300, 0, 320, 20), 0.95), Report((350, 50, 370, 70), 0.94)]
    assert figures([[Thing(), region]], [[Report(), *inside]])['ap'] == pytest.approx(1)
    # One that is no crowd excuses one report.
    single = Thing(THERE, ignored=True)
    twice = [Report(THERE, 0.95), Report(THERE, 0.94)]
    assert figures([[Thing(), single]], [[Report(), *twice]])['ap'] == pytest.approx(0.5)


def test_frames_that_were_not_looked_at_or_not_annotated_are_left_out() -> None:
    things, reports = [[Thing()]] * 3, [[Report()], [], [Report(THERE, 0.95)]]
    film = recording(things, reports, answered=np.array([1, 0, 1]),
                     annotated=np.array([1, 1, 0]))
    assert precision_figures(matched(film))['ap'] == pytest.approx(1)


def test_reports_out_of_the_range_asked_for_are_not_wrong_but_count_where_they_answer() -> None:
    film = recording([[Thing(), Thing(THERE)]], [[
        Report((500, 0, 510, 10), 0.99), Report(THERE, 0.95), Report()]])
    asked = [np.array([True, False])]
    counted = [np.array([False, True, True])]
    result = precision_figures(matched(film, wanted=asked, counted=counted))
    assert result['ap'] == pytest.approx(1)


def test_drawing_a_frame_twice_is_as_if_it_were_there_twice() -> None:
    things = [[Thing()], [Thing(), Thing(THERE)], [Thing()]]
    reports = [[Report(score=0.5)], [Report(score=0.6), Report((7, 7, 9, 9), 0.8)], []]
    found = matched(recording(things, reports))['person']
    times = np.array([2, 1, 0])
    copied = matched(recording([things[0], things[0], things[1]],
                               [reports[0], reports[0], reports[1]]))['person']
    np.testing.assert_array_equal(
        average_precision(found.drawn(times)), average_precision(copied))


def test_several_films_are_one_data_set() -> None:
    first = recording([[Thing()]], [[Report(score=0.5)]])
    second = recording([[Thing()]], [[Report(THERE, score=0.7)]])
    together = recording([[Thing()]] * 2, [[Report(score=0.5)], [Report(THERE, score=0.7)]])
    assert precision_figures(matched(first, second)) == precision_figures(matched(together))


SIDES = st.integers(0, 12)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    left, top = draw(SIDES), draw(SIDES)
    return (left, top, left + draw(st.integers(1, 12)), top + draw(st.integers(1, 12)))


# Scores of one frame differ: evaluators differ in which of equals goes first. They know no
# ignored object that is not a crowd.
THINGS = st.builds(Thing, boxes(), st.integers(0, 1), crowd=st.booleans())
SCORES = st.integers(1, 999).map(lambda value: value / 1000)
REPORTS = st.builds(Report, boxes(), SCORES, st.integers(0, 1))
FRAMES = st.lists(st.tuples(
    st.lists(THINGS, max_size=4),
    st.lists(REPORTS, max_size=8, unique_by=lambda item: item.score),
), min_size=1, max_size=4)


def coco_format(frames: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    numbers = itertools.count(1)
    truth: dict[str, Any] = {
        'info': {}, 'images': [{'id': index} for index, _ in enumerate(frames)],
        'categories': [{'id': 0, 'name': 'person'}, {'id': 1, 'name': 'dog'}],
        'annotations': [
            {'id': next(numbers), 'image_id': index, 'category_id': item.label,
             'bbox': xywh(item.box), 'area': 1, 'iscrowd': int(item.crowd)}
            for index, (things, _) in enumerate(frames) for item in things
        ],
    }
    return truth, [
        {'image_id': index, 'category_id': item.label, 'bbox': xywh(item.box),
         'score': item.score}
        for index, (_, reports) in enumerate(frames) for item in reports
    ]


def xywh(box: Any) -> list[float]:
    return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]


def evaluated_by(coco: Any, evaluator: Any, frames: Any) -> dict[str, float]:
    """Return the figures of an evaluator with the interface of pycocotools; -1 is NaN."""
    truth, results = coco_format(frames)
    with contextlib.redirect_stdout(io.StringIO()):
        data = coco()
        data.dataset = truth
        data.createIndex()
        evaluation = evaluator(data, data.loadRes(results), 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = [float(value) for value in evaluation.stats]
    values = [*stats[:3], *stats[6:9]]
    return {name: value if value >= 0 else math.nan for name, value in zip(NAMES, values)}


@pytest.mark.parametrize(('peer', 'coco', 'evaluator'), [
    ('pycocotools.coco', 'COCO', 'pycocotools.cocoeval:COCOeval'),
    ('faster_coco_eval', 'COCO', 'faster_coco_eval:COCOeval_faster'),
])
@settings(max_examples=60)
@given(frames=FRAMES)
def test_figures_are_those_of_other_evaluators(
    peer: str, coco: str, evaluator: str, frames: Any
) -> None:
    module, _, name = evaluator.partition(':')
    make_data = getattr(pytest.importorskip(peer), coco)
    make_evaluator = getattr(pytest.importorskip(module), name)
    if any(reports for _, reports in frames):
        film = recording([things for things, _ in frames], [reports for _, reports in frames])
        expected = evaluated_by(make_data, make_evaluator, frames)
        assert precision_figures(matched(film)) == pytest.approx(expected, nan_ok=True)
