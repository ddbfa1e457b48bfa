# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What holds of tracks in any scene, and of scenes with people who walk."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tracked_film import Film, seen

from compressed_detector.detection.types import Detections

SCENES = st.lists(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 8), st.sampled_from([0.3, 0.5, 0.9]),
                  st.integers(0, 1)),
        max_size=6,
    ),
    min_size=1, max_size=25,
)
STEPS = st.sampled_from([0.05, 0.1, 0.1, 0.3, 1.0, 3.0, 0.0, -1.0])


@settings(max_examples=200)
@given(scenes=SCENES, data=st.data())
def test_reports_are_consistent_in_any_scene(
    scenes: list[list[tuple[int, int, float, int]]], data: st.DataObject
) -> None:
    hold_s = data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    film = Film(track_hold_time=hold_s, track_confirm_frames=data.draw(st.integers(1, 3)))
    used_ids: set[int] = set()
    classes: dict[int, int] = {}
    recent: list[tuple[float, Detections]] = []
    for scene in scenes:
        boxes = [(20.0 * x, 20.0 * y, 20.0 * x + 60, 20.0 * y + 90) for x, y, _, _ in scene]
        frame = seen(*boxes, scores=[score for *_, score, _ in scene],
                     class_ids=[class_id for *_, class_id in scene])
        step_s = data.draw(STEPS)
        found = film.frame(frame, step_s)
        if not 0 < step_s <= 2:
            assert not set(found.ids.tolist()) & used_ids
            recent.clear()
        assert len(set(found.ids.tolist())) == len(found)
        used_ids |= set(found.ids.tolist())
        fresh = found.rows[~found.held]
        assert fresh.tolist() == sorted(set(fresh.tolist()))
        np.testing.assert_array_equal(
            found.detections.boxes_xyxy[~found.held], frame.boxes_xyxy[fresh]
        )
        for track, class_id in zip(found.ids.tolist(), found.detections.class_ids.tolist()):
            assert classes.setdefault(track, class_id) == class_id
        assert all(
            any(film.seconds - moment <= hold_s + 1e-6 and (score, class_id) in pairs(past)
                for moment, past in recent)
            for score, class_id in pairs(found.detections[found.held])
        )
        recent.append((film.seconds, frame))


def pairs(detections: Detections) -> list[tuple[float, int]]:
    return list(zip(detections.scores.tolist(), detections.class_ids.tolist()))


@settings(max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1), people=st.integers(1, 8), misses=st.sampled_from([0, 0.2])
)
def test_ids_are_stable_under_jitter_and_misses(seed: int, people: int, misses: float) -> None:
    rng = np.random.default_rng(seed)
    # People 40 x 100 pixels, 75 apart, who walk up to 30 pixels per second.
    starts = np.array([[20 + 75 * k, 150, 60 + 75 * k, 250] for k in range(people)], float)
    speeds = rng.uniform(-15, 15, (people, 1)) * [1, 0, 1, 0]
    film = Film(track_hold_time=1.0, track_confirm_frames=1)
    film.frame(seen(*starts))
    for step in range(1, 20):
        boxes = starts + speeds * 0.1 * step + rng.normal(0, 1.5, (people, 4))
        order = rng.permutation(people)
        order = order[rng.random(people) >= misses]
        found = film.frame(seen(*np.clip(boxes[order], 0, 640)))
        assert found.ids[:len(order)].tolist() == (order + 1).tolist()
        # Who is missed is held, unless the misses went on for a second.
        assert set(found.ids.tolist()) <= set(range(1, people + 1))
