# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Tracks keep their ids, and are confirmed and held exactly as defined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tracked_film import CAR, HERE, PERSON, THERE, Film, moved, seen, started

from compressed_detector.config import TrackingSettings
from compressed_detector.errors import ConfigError


def test_object_keeps_its_id() -> None:
    film = Film()
    ids = {int(film.frame(seen(moved(HERE, 5 * step))).ids[0]) for step in range(30)}
    assert ids == {1}


def test_ids_follow_the_objects_whatever_the_order_of_the_detections() -> None:
    film = Film()
    assert film.frame(seen(HERE, THERE)).ids.tolist() == [1, 2]
    assert film.frame(seen(THERE, HERE)).ids.tolist() == [2, 1]


def test_reported_detections_are_those_of_the_frame_in_their_order() -> None:
    film = Film()
    film.frame(seen(HERE, THERE))
    found = film.frame(seen(moved(THERE, 3), moved(HERE, 2), scores=[0.8, 0.6]))
    assert found.detections.boxes_xyxy.tolist() == [list(moved(THERE, 3)), list(moved(HERE, 2))]
    assert found.detections.scores.tolist() == pytest.approx([0.8, 0.6])
    assert found.rows.tolist() == [0, 1]
    assert not found.held.any()


def test_first_frame_is_reported_at_once() -> None:
    assert len(Film(track_confirm_frames=5).frame(seen(HERE, THERE))) == 2


@pytest.mark.parametrize('frames', [1, 2, 3, 5])
def test_new_object_is_reported_after_so_many_frames_in_a_row(frames: int) -> None:
    film = started(track_confirm_frames=frames)
    reported = [len(film.frame(seen(HERE))) for _ in range(6)]
    assert reported == [0] * (frames - 1) + [1] * (7 - frames)


def test_frames_of_an_object_that_is_missed_in_between_are_not_in_a_row() -> None:
    film = started(track_confirm_frames=3, track_hold_time=10)
    for _ in range(5):
        assert len(film.frame(seen(HERE))) == 0
        assert len(film.frame(seen(HERE))) == 0
        assert len(film.empty()) == 0


def test_new_object_is_reported_after_the_confirm_time() -> None:
    film = started(track_confirm_frames=1, track_confirm_time=0.25)
    assert [len(film.frame(seen(HERE))) for _ in range(4)] == [0, 0, 0, 1]  # at 0, 0.1, 0.2, 0.3


def test_confirm_time_is_that_of_the_stamps() -> None:
    film = started(track_confirm_frames=1, track_confirm_time=0.25)
    assert [len(film.frame(seen(HERE), step_s=0.13)) for _ in range(3)] == [0, 0, 1]


def test_missed_object_is_held_for_the_hold_time() -> None:
    film = Film(track_hold_time=0.35)
    film.frame(seen(HERE, scores=[0.7]))
    for _ in range(3):
        found = film.empty()
        assert found.ids.tolist() == [1]
        assert found.rows.tolist() == [-1]
        assert found.held.all()
        assert found.detections.boxes_xyxy.tolist() == [list(HERE)]
        assert found.detections.scores.tolist() == pytest.approx([0.7])
    assert len(film.empty()) == 0  # 0.4 s


def test_hold_time_of_zero_holds_nothing() -> None:
    film = Film(track_hold_time=0.0)
    film.frame(seen(HERE))
    assert len(film.empty()) == 0


def test_object_that_comes_back_while_held_is_the_same() -> None:
    film = Film(track_hold_time=0.5)
    film.frame(seen(HERE))
    for _ in range(4):
        film.empty()
    found = film.frame(seen(moved(HERE, 4)))
    assert (found.ids.tolist(), found.held.tolist()) == ([1], [False])


def test_object_that_comes_back_later_is_another() -> None:
    film = Film(track_hold_time=0.3, track_confirm_frames=1)
    film.frame(seen(HERE))
    for _ in range(5):
        film.empty()
    assert film.frame(seen(HERE)).ids.tolist() == [2]


def test_object_that_was_never_confirmed_is_not_held() -> None:
    film = started(track_confirm_frames=3, track_hold_time=1.0)
    film.frame(seen(HERE))
    film.frame(seen(HERE))
    assert len(film.empty()) == 0
    assert len(film.frame(seen(HERE))) == 0


def test_held_object_goes_on_as_it_moved() -> None:
    film = Film(track_hold_time=1.0)
    for step in range(5):
        film.frame(seen(moved(HERE, 8 * step, 2 * step)))
    for step in (5, 6, 7):
        box = film.empty().detections.boxes_xyxy[0]
        np.testing.assert_allclose(box, moved(HERE, 8 * step, 2 * step), atol=0.01)
    # It is found where it is expected, 64 pixels from where it was last seen.
    assert film.frame(seen(moved(HERE, 64, 16))).ids.tolist() == [1]


def test_held_object_that_leaves_the_image_is_clipped_then_dropped() -> None:
    film = Film(track_hold_time=2.0)
    for step in range(5):
        film.frame(seen(moved((560, 100, 600, 200), 8 * step)))
    # Its right side was at 632 and moves 80 pixels a second.
    assert film.empty().detections.boxes_xyxy[0, 2] == 640
    assert len(film.empty(step_s=0.4)) == 1  # 632 to 640
    assert len(film.empty()) == 0


def test_held_object_in_whose_place_one_is_seen_is_not_reported() -> None:
    film = Film(track_hold_time=1.0)
    film.frame(seen(HERE, moved(HERE, 20)))
    # One detection for both: it overlaps the first by 0.6 and the second by 0.6.
    found = film.frame(seen(moved(HERE, 10)))
    assert found.ids.tolist() == [1]
    assert film.frame(seen(HERE, moved(HERE, 20))).ids.tolist() == [1, 2]


def test_detections_of_another_class_do_not_cover_a_held_object() -> None:
    film = Film(track_hold_time=1.0, track_confirm_frames=1)
    film.frame(seen(HERE))
    found = film.frame(seen(HERE, class_ids=[CAR]))
    assert found.detections.class_ids.tolist() == [CAR, PERSON]
    assert found.held.tolist() == [False, True]


def test_track_never_changes_its_class() -> None:
    film = Film(track_hold_time=0.0, track_confirm_frames=1)
    assert film.frame(seen(HERE, class_ids=[CAR])).ids.tolist() == [1]
    assert film.frame(seen(HERE, class_ids=[PERSON])).ids.tolist() == [2]


def test_best_overlap_wins() -> None:
    film = Film()
    film.frame(seen(HERE, moved(HERE, 20)))
    # The first detection overlaps the first object by 26/54 and the second by 34/46, which gets
    # it; the second overlaps the first object by 28/52.
    found = film.frame(seen(moved(HERE, 14), moved(HERE, -12)))
    assert found.ids.tolist() == [2, 1]


def test_overlap_equal_to_the_threshold_continues_a_track() -> None:
    box, half = (0, 0, 40, 100), (0, 0, 20, 100)
    for threshold, expected in ((0.5, 1), (0.51, 2)):
        film = Film(track_iou_threshold=threshold, track_confirm_frames=1, track_hold_time=0.0)
        film.frame(seen(box))
        assert film.frame(seen(half)).ids.tolist() == [expected]


def test_weak_detection_starts_nothing_but_continues() -> None:
    film = Film(track_start_score=0.5, track_hold_time=0.0)
    assert len(film.frame(seen(HERE, THERE, scores=[0.5, 0.49]))) == 1
    found = film.frame(seen(HERE, THERE, scores=[0.2, 0.2]))
    assert found.ids.tolist() == [1]
    assert found.detections.scores.tolist() == pytest.approx([0.2])


def test_slow_frames_are_in_a_row_though_the_hold_time_is_shorter() -> None:
    film = started(track_hold_time=0.1, track_confirm_frames=2)
    assert [len(film.frame(seen(HERE), step_s=1.0)) for _ in range(3)] == [0, 1, 1]
    assert len(film.empty(step_s=1.0)) == 0


@pytest.mark.parametrize('step_s', [-5.0, -0.01, 0.0, 2.01, 1e6])
def test_jump_of_the_clock_starts_over(step_s: float) -> None:
    film = Film(track_confirm_frames=3, track_hold_time=10.0)
    for _ in range(5):
        film.frame(seen(HERE))
    found = film.frame(seen(HERE, THERE), step_s)
    # New ids, reported at once; nobody is held.
    assert found.ids.tolist() == [2, 3]
    assert film.frame(seen(HERE, THERE)).ids.tolist() == [2, 3]


def test_longest_step_is_a_next_frame() -> None:
    film = Film(track_hold_time=0.5)
    film.frame(seen(HERE))
    assert film.frame(seen(HERE), step_s=2.0).ids.tolist() == [1]


def test_motion_does_not_outlive_a_jump() -> None:
    film = Film(track_hold_time=1.0)
    for step in range(5):
        film.frame(seen(moved(HERE, 10 * step)))
    film.frame(seen(HERE), step_s=-3.0)
    np.testing.assert_allclose(film.empty().detections.boxes_xyxy, [HERE])


def test_settings_may_change_between_frames() -> None:
    film = started(track_confirm_frames=5)
    film.frame(seen(HERE))
    film.settings = TrackingSettings(tracking=True, track_confirm_frames=2, track_hold_time=0.2)
    assert len(film.frame(seen(HERE))) == 1
    film.settings = TrackingSettings(tracking=True, track_hold_time=0.0)
    assert len(film.empty()) == 0


def test_nothing_is_a_value() -> None:
    film = Film()
    for found in (film.empty(), film.empty()):
        assert found.detections.boxes_xyxy.shape == (0, 4)
        assert (found.ids.shape, found.rows.shape, found.held.shape) == ((0,), (0,), (0,))


@pytest.mark.parametrize(
    ('option', 'value'),
    [('tracking', 1), ('track_confirm_frames', 0), ('track_confirm_frames', 1.5),
     ('track_confirm_time', -0.1), ('track_hold_time', 11), ('track_start_score', 0),
     ('track_iou_threshold', 0.0), ('track_iou_threshold', 1.01)],
)
def test_settings_out_of_bounds_are_refused(option: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=option):
        TrackingSettings(**{option: value})


def test_tracking_is_off_by_default() -> None:
    assert TrackingSettings().tracking is False
