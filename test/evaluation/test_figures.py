# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Every figure on films of a few frames, by hand; nothing recorded is nothing known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from recordings import HERE, THERE, Report, Thing, recording

from compressed_detector.evaluation.criteria import Criteria, StopZone
from compressed_detector.evaluation.evidence import gather
from compressed_detector.evaluation.figures import class_figures, counts, figures
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.units import Units, units_of

CRITERIA = Criteria(
    corridor_m=2.0, range_edges_m=(0, 5, math.inf), height_edges_px=(0, 50, math.inf),
    stop_zones=(StopZone(3, 2),),
)
LOW = (0, 0, 100, 40)


def measured(*films: Recording, criteria: Criteria = CRITERIA) -> dict[str, float]:
    return figures(gather(films, units_of(films), criteria), criteria)


def test_recall_and_precision_are_at_the_threshold_of_the_robot() -> None:
    found = measured(recording(
        [[Thing(), Thing(THERE)], [Thing()]],
        [[Report(score=0.9), Report(THERE, 0.3)], [Report(score=0.5), Report(THERE, 0.4)]]))
    assert found['recall'] == pytest.approx(2 / 3)
    assert found['precision'] == pytest.approx(2 / 3)
    assert found['false_positives_per_frame'] == 0.5


def test_objects_are_divided_by_height() -> None:
    found = measured(recording(
        [[Thing(), Thing(LOW), Thing((0, 500, 100, 540))]],
        [[Report(), Report(LOW), Report((300, 300, 400, 320), 0.95)]]))
    assert found['recall_height_0_50px'] == 0.5
    assert found['recall_height_50_up_px'] == 1
    # The false alarm is low itself: it is held against the low ones only.
    assert found['ap50_height_50_up_px'] == pytest.approx(1)
    assert found['ap50_height_0_50px'] == pytest.approx(51 / 101 / 2)


def test_the_corridor_asks_whether_anything_is_seen_whatever_it_is_called() -> None:
    near, far = {'forward_m': 4, 'right_m': 1}, {'forward_m': 8, 'right_m': -0.5}
    beside = {'forward_m': 4, 'right_m': 1.1}
    found = measured(recording(
        [[Thing(**near), Thing(THERE, **far), Thing((0, 500, 100, 600), **beside)]],
        [[Report(label=1)]]))
    assert found['corridor_recall'] == 0.5
    assert found['corridor_recall_0_5m'] == 1
    assert found['corridor_recall_5_up_m'] == 0
    assert found['recall'] == 0


def test_tracks_tell_first_sights_and_gaps() -> None:
    things = [[Thing(track=1, forward_m=9 - i, right_m=0), Thing(THERE, track=2, forward_m=6,
               right_m=5)] for i in range(4)]
    found = measured(recording(things, [[], [Report()], [], [Report()]]))
    assert found['never_seen'] == 0.5
    assert found['first_seen_s_p50'] == pytest.approx(0.1)
    assert found['first_seen_s_p90'] == math.inf
    assert found['first_seen_m_p50'] == 0
    assert found['corridor_first_seen_m_p50'] == found['corridor_first_seen_m_p10'] == 8
    assert found['corridor_longest_gap_s_max'] == pytest.approx(0.1)
    assert found['longest_gap_s_max'] == pytest.approx(0.4)


def test_alarms_are_counted_by_the_minute() -> None:
    # 0.4 s, in which two alarms begin, the first of them twice in a row.
    found = measured(recording([[]] * 4, [[Report()], [Report()], [], [Report(THERE)]]))
    assert found['false_alarms_per_minute'] == pytest.approx(2 / (0.4 / 60))
    assert found['false_positives_per_frame'] == 0.75


def test_alarms_are_counted_in_the_time_that_was_evaluated() -> None:
    # Annotated are the frames at 0 and 0.3 s, each for 0.3 s.
    found = measured(recording([[]] * 4, [[Report()], [], [Report()], [Report(THERE)]],
                               annotated=np.array([1, 0, 0, 1])))
    assert found['false_alarms_per_minute'] == pytest.approx(2 / (0.6 / 60))


def test_a_dog_that_is_called_a_person_is_a_mistake_but_no_false_alarm() -> None:
    found = measured(recording([[Thing(label=1)]] * 2, [[Report(label=0)]] * 2))
    assert (found['precision'], found['false_positives_per_frame']) == (0, 0)
    assert found['false_alarms_per_minute'] == 0


def test_flicker_is_counted_in_all_frames_that_were_looked_at() -> None:
    found = measured(recording(
        [[Thing()]] * 5, [[Report()], [], [Report()], [Report()], [Report()]],
        annotated=np.zeros(5)))
    assert found['flicker_per_minute'] == pytest.approx(1 / (0.5 / 60))
    assert math.isnan(found['recall'])


def test_stops_are_false_or_missed() -> None:
    inside = {'forward_m': 2, 'right_m': 0}
    found = measured(recording(
        [[Thing(**inside)], [Thing(**inside)], [], [], []],
        [[Report(**inside)], [], [Report(**inside)], [], []]))
    assert found['false_stops_3x2m'] == pytest.approx(1 / 3)
    assert found['missed_stops_3x2m'] == 0.5


def test_errors_are_of_what_was_found() -> None:
    things = [Thing(forward_m=10, right_m=0), Thing(THERE, forward_m=4, right_m=0)]
    reports = [Report((3, 4, 103, 104), forward_m=11), Report(THERE, forward_m=3.8)]
    found = measured(recording([things], [reports]))
    assert found['iou_p50'] == pytest.approx(97 * 96 / (20000 - 97 * 96))
    assert found['centre_error_px_p50'] == pytest.approx(2.5)
    assert found['centre_error_px_mad'] == pytest.approx(2.5)
    assert found['range_error_p50'] == pytest.approx(0.025)
    assert found['range_error_p90'] == pytest.approx(0.05 + 0.9 * 0.05)
    derived = measured(recording([things], [reports], ranges_measured=False))
    assert math.isnan(derived['range_error_p50'])


def test_times_are_quantiles_of_the_frames_that_were_answered() -> None:
    found = measured(recording(
        [[]] * 4, [[]] * 4, answered=np.array([1, 1, 1, 0]), decode_ms=np.arange(4),
        latencies_ms=np.array([30, 10, 20, np.nan]), ages_ms=np.array([35, 15, 25, np.nan])))
    assert (found['latency_ms_p50'], found['latency_ms_p99'], found['age_ms_p50']) == (20, 30, 25)
    assert (found['frames_answered'], found['decode_ms_p50']) == (0.75, 1)


def test_of_an_empty_recording_nothing_is_known() -> None:
    found = measured(recording([[]], [[]]))
    known = {name for name, value in found.items() if not math.isnan(value)}
    assert known == {'frames_answered', 'false_positives_per_frame', 'false_stops_3x2m'}


def test_pictures_that_are_no_film_have_no_rates() -> None:
    found = measured(recording([[Thing(track=1)]] * 2, [[Report()]] * 2, sequential=False))
    assert found['recall'] == 1
    for name in ('false_alarms_per_minute', 'flicker_per_minute', 'longest_gap_s_max',
                 'first_seen_s_p50'):
        assert math.isnan(found[name])


def test_classes_have_figures_of_their_own() -> None:
    film = recording([[Thing(), Thing(THERE, label=1)]], [[Report()]])
    found = class_figures(gather([film], units_of([film]), CRITERIA))
    assert found['person'] == pytest.approx(
        {'ap': 1, 'ap50': 1, 'recall': 1, 'precision': 1, 'objects': 1})
    assert found['dog'] == pytest.approx(
        {'ap': 0, 'ap50': 0, 'recall': 0, 'precision': math.nan, 'objects': 1}, nan_ok=True)


def scene(index: int) -> tuple[list[Thing], list[Report]]:
    """Return a different frame for each index."""
    things = [Thing(HERE if index % 2 else LOW, track=index, forward_m=2 + index, right_m=0)]
    reports = [Report(HERE, 0.9 - index / 10, forward_m=2 + index, right_m=0), Report(THERE)]
    return things, reports[:1 + index % 3 % 2]


def test_drawing_a_bag_twice_is_as_if_it_had_been_driven_twice() -> None:
    def film(index: int, name: str) -> Recording:
        things, reports = zip(*(scene(index + step) for step in range(4)))
        return recording(things, reports, source=name)

    films = [film(0, 'a'), film(1, 'b'), film(2, 'c')]
    units = units_of(films)
    drawn = gather(films, units, CRITERIA).drawn(np.array([2, 0, 2]), units.count)
    copies = [film(0, 'a'), film(2, 'b'), film(2, 'c')]
    again = gather(copies, units_of(copies), CRITERIA)
    assert figures(drawn, CRITERIA) == pytest.approx(figures(again, CRITERIA), nan_ok=True)
    assert counts(drawn, CRITERIA) == pytest.approx(counts(again, CRITERIA))


def test_a_figure_of_no_rows_does_not_fail() -> None:
    film = recording([], [])
    units: Any = Units((np.zeros(0, np.intp),), 1, '')
    assert math.isnan(figures(gather([film], units, CRITERIA), CRITERIA)['ap'])
