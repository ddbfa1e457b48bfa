# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The worst misses and false alarms, and how they are cut out of the frames."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from recordings import HERE, THERE, Report, Thing, recording

from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.crops import SIDE_PX, cut_out
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.sources import Frame
from compressed_detector.evaluation.worst import Failures, worst

SMALL, TALL = (500.0, 500.0, 520.0, 540.0), (700.0, 0.0, 750.0, 200.0)
MOST = 5


def worst_of(*recordings: Recording, most: int = MOST) -> Failures:
    return worst(recordings, Criteria(), most)


def frames(items) -> list[tuple[int, int]]:
    return [(item.recording, item.frame) for item in items]


def test_without_distances_the_tallest_is_the_worst_miss() -> None:
    film = recording([[Thing(SMALL)], [Thing(TALL)], [Thing(HERE)]], [[], [], []])
    assert frames(worst_of(film).misses) == [(0, 1), (0, 2), (0, 0)]


def test_with_distances_the_nearest_is_and_what_has_none_comes_last() -> None:
    film = recording([[Thing(TALL)], [Thing(HERE, forward_m=9)], [Thing(SMALL, forward_m=2)]],
                     [[], [], []])
    assert frames(worst_of(film).misses) == [(0, 2), (0, 1), (0, 0)]
    assert worst_of(film).misses[0].words.startswith('person 2.0 m ahead, 40 px tall')


def test_the_false_alarm_with_the_best_score_is_the_worst() -> None:
    film = recording([[], []], [[Report(HERE, 0.5)], [Report(THERE, 0.8, label=1)]])
    assert [item.words for item in worst_of(film).alarms] == [
        'dog, score 0.80', 'person, score 0.50']


def test_at_most_so_many_are_returned_over_all_recordings() -> None:
    first = recording([[]], [[Report(HERE, 0.5), Report(THERE, 0.9)]])
    second = recording([[]], [[Report(HERE, 0.7)]])
    assert frames(worst_of(first, second, most=2).alarms) == [(0, 0), (1, 0)]


def test_one_track_and_one_place_of_a_film_are_shown_once() -> None:
    film = recording([[Thing(TALL, track=4)], [Thing(SMALL, track=4)], [Thing(TALL)]],
                     [[Report(HERE)], [Report(HERE, 0.8)], []])
    assert frames(worst_of(film).misses) == [(0, 0)]
    assert frames(worst_of(film).alarms) == [(0, 0)]


def test_the_same_place_in_two_pictures_or_two_recordings_is_not_the_same() -> None:
    pictures = recording([[Thing()], [Thing()]], [[], []], sequential=False)
    assert len(worst_of(pictures).misses) == 2
    film = recording([[Thing(track=1)]], [[]])
    assert len(worst_of(film, film).misses) == 2


def test_what_is_seen_ignored_or_was_not_looked_at_is_no_failure() -> None:
    seen = recording([[Thing(label=0)]], [[Report(label=1)]])
    ignored = recording([[Thing(ignored=True)]], [[]])
    skipped = recording([[Thing()]], [[Report(THERE)]], answered=[False])
    quiet = recording([[]], [[Report(HERE, score=0.2)]])
    for film in (seen, ignored, skipped, quiet):
        assert worst_of(film).misses == worst_of(film).alarms == []


@pytest.mark.parametrize(('reports', 'words'), [
    ([], 'nothing reported, whatever the score'),
    ([Report(THERE)], 'nothing reported, whatever the score'),
    ([Report(HERE, 0.2), Report(HERE, 0.1)], 'its score is too low, 0.20'),
])
def test_a_miss_says_how_close_it_was(reports: list[Report], words: str) -> None:
    (miss,) = worst_of(recording([[Thing()]], [reports])).misses
    assert miss.words == f'person, 100 px tall: {words}'


def test_an_object_may_lose_its_report_to_another() -> None:
    beside = (20.0, 0.0, 120.0, 100.0)
    (miss,) = worst_of(recording([[Thing(HERE), Thing(beside)]], [[Report(HERE)]])).misses
    assert miss.words.endswith('its reports answer others')


class Grey:
    """A film of grey pictures that counts what is decoded."""

    name, cameras, sequential, frame_count = 'bag', ('/camera/image',), True, 100

    def __init__(self) -> None:
        self.taken, self.decoded = 0, []

    def frames(self) -> Iterator[Frame]:
        for index in range(self.frame_count):
            self.taken += 1
            yield Frame(self.cameras[0], index, index, lambda index=index: self._decode(index))

    def _decode(self, index: int) -> np.ndarray:
        self.decoded.append(index)
        return np.full((480, 640, 3), 128, np.uint8)


def test_only_frames_with_a_failure_are_decoded_and_nothing_after_them_is_read() -> None:
    source = Grey()
    things = [[]] * 100
    things[7] = [Thing(THERE)]
    film = recording(things, [[]] * 100)
    failures = worst_of(film).misses
    crops = cut_out({'bag': source}, {'a': [film]}, {'a': failures}, 0.35)
    assert (source.decoded, source.taken) == ([7], 8)
    assert set(crops) == {('a', 0)}


@pytest.mark.parametrize('box', [
    HERE, (620.0, 460.0, 640.0, 480.0), (0.0, 0.0, 640.0, 480.0), (-50.0, 300.0, 20.0, 600.0),
])
def test_a_crop_is_a_square_with_the_box_in_it(box: tuple[float, ...]) -> None:
    film = recording([[Thing(box)]], [[]])
    crops = cut_out({'bag': Grey()}, {'a': [film]}, {'a': worst_of(film).misses}, 0.35)
    crop = cv2.imdecode(np.frombuffer(crops['a', 0], np.uint8), cv2.IMREAD_COLOR).astype(int)
    assert crop.shape == (SIDE_PX, SIDE_PX, 3)
    assert (crop[..., 2] - crop[..., 1] > 80).sum() > 50
