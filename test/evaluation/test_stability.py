# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Counts of a scene that are small enough to be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from compressed_detector.config import TrackingSettings
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.ground_truth import FrameTruth
from compressed_detector.evaluation.stability import (
    Stability,
    interruptions,
    stability,
    track,
)

PERSON, CAR = 0, 1
HERE, THERE = (0, 0, 40, 100), (300, 0, 340, 100)
STEP_NS = 10**8


def boxes(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def people(*rows: tuple[int, ...], class_id: int = PERSON) -> Detections:
    return Detections(boxes(*rows), np.full(len(rows), 0.9), np.full(len(rows), class_id))


def film(*frames: Detections) -> dict[int, Detections]:
    return {index * STEP_NS: frame for index, frame in enumerate(frames, start=1)}


@pytest.mark.parametrize(
    ('places', 'expected'),
    [
        ('xxxxxx', 0), ('......', 0), ('xx....', 0), ('..xxxx', 0), ('x.xxxx', 1), ('x..xxx', 1),
        ('x...xx', 0),  # longer than an interruption
        ('x.x.xx', 2), ('x.x.', 1), ('xx.x', 0),  # the film ends before the three next frames
    ],
)
def test_interruption_is_an_empty_frame_or_two(places: str, expected: int) -> None:
    frames = [boxes(HERE) if place == 'x' else boxes() for place in places]
    assert interruptions(frames) == expected


def test_interruptions_are_counted_place_by_place() -> None:
    both, one = boxes(HERE, THERE), boxes(THERE)
    assert interruptions([both, one, both, both, both]) == 1
    assert interruptions([both, boxes(), both, both, both]) == 2
    # Half of the width apart, the places overlap by a third.
    assert interruptions([boxes(HERE), boxes((20, 0, 60, 100)), boxes(HERE), boxes()]) == 0


def test_scene_is_scored_where_it_is_annotated() -> None:
    reports = film(
        people(HERE), people(THERE, HERE, (200, 0, 240, 100)), people(HERE, class_id=CAR),
    )
    truth = [FrameTruth(2 * STEP_NS, boxes(HERE, (500, 0, 540, 100)))]
    assert stability(reports, truth, PERSON, 0.5) == Stability(
        missed=1, objects=2, false_reports=2, reports=4, interruptions=0
    )


def test_frame_without_a_report_misses_everything() -> None:
    found = stability({}, [FrameTruth(1, boxes(HERE, THERE))], PERSON, 0.5)
    assert found == Stability(missed=2, objects=2, false_reports=0, reports=0, interruptions=0)


def test_tracking_bridges_an_interruption() -> None:
    scene = film(*[people(HERE)] * 3, people(), *[people(HERE)] * 3)
    tracks = track(scene, (640, 480), TrackingSettings(tracking=True, track_hold_time=0.5))
    assert list(tracks) == list(scene)
    assert [found.ids.tolist() for found in tracks.values()] == [[1]] * 7
    held = {stamp: found.detections for stamp, found in tracks.items()}
    assert stability(scene, [], PERSON, 0.5).interruptions == 1
    assert stability(held, [], PERSON, 0.5).interruptions == 0


def test_frames_are_tracked_in_the_order_of_their_stamps() -> None:
    scene = film(people(HERE), people(HERE), people(HERE))
    shuffled = {stamp: scene[stamp] for stamp in (3 * STEP_NS, STEP_NS, 2 * STEP_NS)}
    tracks = track(shuffled, (640, 480), TrackingSettings(tracking=True))
    assert [found.ids.tolist() for found in tracks.values()] == [[1]] * 3
