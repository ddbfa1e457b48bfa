# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The worst that a detector did: what it did not see, and what it saw where nothing was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.boxes import iou_matrix
from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.columns import Flags, Floats64
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.ground_truth import NO_TRACK
from compressed_detector.evaluation.operating_point import Answers, answer
from compressed_detector.evaluation.recording import Labelled, Recording
from compressed_detector.evaluation.stability import SAME_PLACE_IOU


@dataclass(frozen=True, eq=False)
class Failure:
    """
    One thing that went wrong.

    ``recording``, ``frame``: which of the recordings, and which of its frames. ``box_xyxy`` (4,):
    pixels. ``words``: what it is.
    """

    recording: int
    frame: int
    box_xyxy: Floats64
    words: str


@dataclass(frozen=True, eq=False)
class Failures:
    """The worst misses and the worst false alarms, the worst first."""

    misses: Sequence[Failure]
    alarms: Sequence[Failure]


def worst(recordings: Sequence[Recording], criteria: Criteria, most: int) -> Failures:
    """
    Return at most so many of each kind, over the evaluated frames.

    Of objects that no report of whatever class overlaps, the nearest are the worst where
    distances are known, else the tallest; of reports that overlap nothing, those with the best
    score. One track, and one place (IoU 0.3) of a film, is shown once.
    """
    loose = [answer(item, criteria.score_threshold, criteria.iou_threshold, by_class=False)
             for item in recordings]
    return Failures(_misses(recordings, loose, criteria, most), _alarms(recordings, loose, most))


def _misses(
    recordings: Sequence[Recording], loose: Sequence[Answers], criteria: Criteria, most: int
) -> list[Failure]:
    rows = [np.flatnonzero(~item.objects.ignored & item.evaluated[item.objects.frames]
                           & (answers.reports < 0))
            for item, answers in zip(recordings, loose)]
    nearness = [-item.objects.forward_m[missed] for item, missed in zip(recordings, rows)]
    badness = nearness
    if not any(np.isfinite(values).any() for values in nearness):
        badness = [np.diff(item.objects.boxes_xyxy[missed][:, 1::2], axis=1)[:, 0]
                   for item, missed in zip(recordings, rows)]
    return [
        Failure(number, int(item.objects.frames[row]), item.objects.boxes_xyxy[row],
                _miss_words(item, row, criteria))
        for number, row in _apart(
            [item.objects[missed] for item, missed in zip(recordings, rows)], rows, badness,
            [item.sequential for item in recordings], most)
        for item in (recordings[number],)
    ]


def _alarms(
    recordings: Sequence[Recording], loose: Sequence[Answers], most: int
) -> list[Failure]:
    rows = [np.flatnonzero(answers.wrong) for answers in loose]
    return [
        Failure(number, int(item.reports.frames[row]), item.reports.boxes_xyxy[row],
                f'{_name(item, item.reports, row)}, score {item.reports.scores[row]:.2f}')
        for number, row in _apart(
            [item.reports[wrong] for item, wrong in zip(recordings, rows)], rows,
            [item.reports.scores[wrong] for item, wrong in zip(recordings, rows)],
            [item.sequential for item in recordings], most)
        for item in (recordings[number],)
    ]


def _miss_words(recording: Recording, row: int, criteria: Criteria) -> str:
    """Return what was missed, and how close the detector came to seeing it."""
    objects, reports = recording.objects, recording.reports
    there = np.flatnonzero(reports.frames == objects.frames[row])
    near = iou_matrix(objects.boxes_xyxy[row:row + 1], reports.boxes_xyxy[there])[0]
    scores = reports.scores[there[near >= criteria.iou_threshold]]
    top, bottom = objects.boxes_xyxy[row, 1::2]
    closest = 'nothing reported, whatever the score'
    if scores.max(initial=0) >= criteria.score_threshold:
        closest = 'its reports answer others'
    elif len(scores):
        closest = f'its score is too low, {scores.max():.2f}'
    return f'{_name(recording, objects, row)}, {bottom - top:.0f} px tall: {closest}'


def _name(recording: Recording, table: Labelled, row: int) -> str:
    metres = float(table.forward_m[row])
    label = recording.labels[table.class_ids[row]]
    return f'{label} {metres:.1f} m ahead' if np.isfinite(metres) else label


def _apart(
    tables: Sequence[Labelled], rows: Sequence[Indices], badness: Sequence[Floats64],
    sequential: Sequence[bool], most: int,
) -> list[tuple[int, int]]:
    """Return recording and row of the worst that are not the same thing again."""
    numbers = np.repeat(np.arange(len(rows)), [len(item) for item in rows])
    places = np.concatenate([np.arange(len(item)) for item in rows])
    bad = np.nan_to_num(np.concatenate(list(badness)), nan=-np.inf)
    order = np.argsort(-bad, kind='stable')
    same = [_alike(table) if film else _never for table, film in zip(tables, sequential)]
    chosen: list[tuple[int, int]] = []
    while len(order) and len(chosen) < most:
        number, place = int(numbers[order[0]]), int(places[order[0]])
        chosen.append((number, int(rows[number][place])))
        order = order[1:]
        mine = np.flatnonzero(numbers[order] == number)
        order = np.delete(order, mine[same[number](place, places[order[mine]])])
    return chosen


def _alike(table: Labelled) -> Callable[[int, Indices], Flags]:
    """Return what says which rows of a film are the same thing as one of them."""
    tracks = getattr(table, 'track_ids', np.full(len(table), NO_TRACK))

    def alike(one: int, others: Indices) -> Flags:
        near = iou_matrix(table.boxes_xyxy[one:one + 1], table.boxes_xyxy[others])[0]
        same: Flags = (near >= SAME_PLACE_IOU) | (
            (tracks[others] == tracks[one]) & (tracks[one] != NO_TRACK))
        return same
    return alike


def _never(one: int, others: Indices) -> Flags:
    return np.zeros(len(others), np.bool_)
