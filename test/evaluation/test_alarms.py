# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One false alarm is one however long it lasts; stops are counted by zone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recordings import HERE, THERE, Report, Thing, recording

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.alarms import alarm_begins, stops
from compressed_detector.evaluation.criteria import Criteria, StopZone, band_name

SHIFTED = (40, 0, 140, 100)  # overlaps HERE by 60 / 140


def beginnings(*frames: list[Report], **more: Any) -> list[bool]:
    film = recording([[]] * len(frames), frames, **more)
    return alarm_begins(film, np.ones(len(film.reports), np.bool_)).tolist()


def test_an_alarm_goes_on_while_it_is_seen_in_about_the_same_place() -> None:
    assert beginnings([Report()], [Report(SHIFTED)], [Report()]) == [True, False, False]
    assert beginnings([Report()], [Report(THERE)], [Report()]) == [True, True, True]
    assert beginnings([Report()], [], [Report()]) == [True, True]
    assert beginnings([Report(), Report(SHIFTED)], [Report()]) == [True, True, False]


def test_frames_that_are_not_evaluated_do_not_interrupt_an_alarm() -> None:
    annotated = np.array([1, 0, 1])
    film = recording([[]] * 3, [[Report()], [], [Report()]], annotated=annotated)
    assert alarm_begins(film, np.ones(2, np.bool_)).tolist() == [True, False]


def test_only_wrong_reports_are_alarms_and_pictures_are_alarms_of_their_own() -> None:
    film = recording([[]] * 2, [[Report()], [Report()]])
    assert alarm_begins(film, np.array([False, True])).tolist() == [False, True]
    assert beginnings([Report()], [Report()], sequential=False) == [True, True]


def stopped(things: list[Thing], reports: list[Report], **more: Any) -> tuple[bool, bool, bool]:
    film = recording([things], [reports], **more)
    occupied, reported, unknown = stops(film, [StopZone(2.0, 1.0)], 0.35)
    return bool(occupied[0, 0]), bool(reported[0, 0]), bool(unknown[0, 0])


def test_a_zone_is_a_rectangle_ahead_of_the_camera() -> None:
    for forward, right, inside in ((2, 0.5, True), (2.01, 0, False), (1, -0.51, False),
                                   (np.nan, 0, False), (1, np.nan, False)):
        assert stopped([Thing(forward_m=forward, right_m=right)], []) == (inside, False, False)
        assert stopped([], [Report(forward_m=forward, right_m=right)]) == (False, inside, False)


def test_faint_reports_stop_nobody_and_ignored_objects_leave_it_open() -> None:
    assert stopped([], [Report(HERE, 0.2, forward_m=1, right_m=0)]) == (False, False, False)
    assert stopped([Thing(ignored=True, forward_m=1, right_m=0)], []) == (False, False, True)
    assert stopped([], [], annotated=np.array([0])) == (False, False, True)


def test_zones_and_bands_have_names_that_are_names() -> None:
    assert StopZone(1.5, 0.8).name == '1p5x0p8m'
    assert band_name((0, 0.5), 'm') == '0_0p5m'
    assert band_name((128, np.inf), 'px') == '128_up_px'


@pytest.mark.parametrize(('make', 'message'), [
    (lambda: StopZone(0, 1), 'expected depth and width in metres above 0, got 0 x 1'),
    (lambda: StopZone(1, np.nan), 'stop zone'),
    (lambda: Criteria(score_threshold=0), 'score_threshold: expected a value above 0'),
    (lambda: Criteria(iou_threshold=1.5), 'iou_threshold'),
    (lambda: Criteria(corridor_m=-1), 'corridor: expected a width'),
    (lambda: Criteria(range_edges_m=(1,)), 'range_edges_m: expected two or more values'),
    (lambda: Criteria(height_edges_px=(1, 5, 5)), 'height_edges_px: .*each above the one before'),
    (lambda: Criteria(height_edges_px=(-1, 5)), 'height_edges_px'),
])
def test_criteria_that_make_no_sense_are_refused(make: Any, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        make()
