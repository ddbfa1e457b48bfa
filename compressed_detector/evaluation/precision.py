# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Average precision and average recall as COCO defines them.

Lin et al., Microsoft COCO, ECCV 2014, and pycocotools: what is found is matched frame by frame
(evaluation.matching), once; then precision and recall of any selection of frames are sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.columns import Columns, Flags, Floats64, column
from compressed_detector.evaluation.matching import assign, overlaps
from compressed_detector.evaluation.operating_point import grouped
from compressed_detector.evaluation.recording import Recording

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
MAX_DETECTIONS = 100
_TINY = np.spacing(1)


@dataclass(frozen=True, eq=False)
class Matches(Columns):
    """
    Reports of one class, M rows, the best score first.

    ``units``: what each is drawn with (see bootstrap). ``ranks``: its place among the reports of
    its frame, from 0. ``right``, ``wrong`` (M, T): whether it answers an object, or none, at each
    of the IoU thresholds; neither is what is ignored.
    """

    units: Indices = column(np.intp)
    scores: Floats64 = column(np.float64)
    ranks: Indices = column(np.intp)
    right: Flags = column(np.bool_, -1)
    wrong: Flags = column(np.bool_, -1)


@dataclass(frozen=True, eq=False)
class ClassMatches:
    """
    The reports of one class, and its objects, each unit of them as often as ``times`` (U,) says.

    Most reports are wrong whatever the threshold, and only how many of them come before those
    that are not matters: ``some`` are the others, P rows, and for each that is always wrong
    ``wrong_units`` (W,) and ``wrong_before``, the number of rows of ``some`` before it.
    ``wanted`` (N,): the units of the objects that are asked for.
    """

    some: Matches
    wrong_units: Indices
    wrong_before: Indices
    wanted: Indices
    times: Indices

    @property
    def count(self) -> int:
        """How many objects are asked for."""
        return int(self.times[self.wanted].sum())

    def drawn(self, times: Indices) -> ClassMatches:
        """Return every unit (U,) as many times as given."""
        return replace(self, times=times)


def match_classes(
    recordings: Sequence[Recording], units: Sequence[Indices],
    objects_wanted: Sequence[Flags], reports_wanted: Sequence[Flags],
) -> dict[str, ClassMatches]:
    """
    Match the reports of the evaluated frames, class by class.

    All sequences have an item per recording: of its frames the ``units`` (F,); which objects (N,)
    are asked for, all others being ignored; and which reports (M,) are wrong when they answer
    nothing: as COCO does for its ranges of area, both are to be chosen by the same rule.
    """
    labels = recordings[0].labels
    times = np.ones(max((int(item.max(initial=-1)) for item in units), default=-1) + 1, np.intp)
    parts: dict[str, list[Matches]] = {label: [] for label in labels}
    wanted: dict[str, list[Indices]] = {label: [] for label in labels}
    for recording, frame_units, asked, counted in zip(
        recordings, units, objects_wanted, reports_wanted
    ):
        evaluated = recording.evaluated
        objects = np.flatnonzero(evaluated[recording.objects.frames])
        reports = np.flatnonzero(evaluated[recording.reports.frames])
        chosen = objects[asked[objects]]
        for number, label in enumerate(labels):
            of_class = chosen[recording.objects.class_ids[chosen] == number]
            wanted[label].append(frame_units[recording.objects.frames[of_class]])
        for frame, number, rows, there in grouped(recording, objects, reports, True):
            parts[labels[number]].append(_match(
                recording, rows, there, ~asked[there], counted, int(frame_units[frame])))
    return {label: _condensed(_sorted(parts[label]), np.concatenate(wanted[label]), times)
            for label in labels}


def average_precision(found: ClassMatches) -> Floats64:
    """
    Return the average precision at each IoU threshold (T,), 0 to 1; NaN without any object.

    The mean of the precision at the recalls 0, 0.01, ..., 1, where the precision at a recall is
    the best that is reached at it or beyond.
    """
    if not found.count:
        return np.full(len(IOU_THRESHOLDS), np.nan)
    means: Floats64 = precision_at_recalls(found).mean(axis=1)
    return means


def precision_at_recalls(found: ClassMatches) -> Floats64:
    """Return the precision (T, 101) at the recalls 0, 0.01, ..., 1; 0 where not reached."""
    times = found.times[found.some.units][:, None]
    right = np.cumsum(found.some.right * times, axis=0, dtype=np.float64)
    wrong = np.cumsum(found.some.wrong * times, axis=0, dtype=np.float64)
    before = np.bincount(found.wrong_before, found.times[found.wrong_units], len(right) + 1)
    wrong += np.cumsum(before)[:-1, None]
    precision = right / (right + wrong + _TINY)
    precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    sampled = np.zeros((len(IOU_THRESHOLDS), len(RECALLS)))
    for row, (recalls, values) in enumerate(zip((right / found.count).T, precision.T)):
        places = np.searchsorted(recalls, RECALLS, side='left')
        reached = places < len(recalls)
        sampled[row, reached] = values[places[reached]]
    return sampled


def average_recall(found: ClassMatches, max_detections: int = MAX_DETECTIONS) -> float:
    """
    Return the mean over the IoU thresholds of the part of the objects that is found.

    Of each frame only the best reports count, at most ``max_detections``.
    """
    if not found.count:
        return math.nan
    counted = found.some.ranks < max_detections
    times = found.times[found.some.units[counted]]
    return float((times @ found.some.right[counted]).mean() / found.count)


def precision_figures(classes: Mapping[str, ClassMatches]) -> dict[str, float]:
    """
    Return COCO's figures: means over the classes of which there is an object.

    ``ap``: over the IoU thresholds 0.50 to 0.95; ``ap50``, ``ap75``: at one. ``ar1``, ``ar10``,
    ``ar100``: the average recall with so many reports in a frame.
    """
    asked = [found for found in classes.values() if found.count]
    if not asked:
        return dict.fromkeys(('ap', 'ap50', 'ap75', 'ar1', 'ar10', 'ar100'), math.nan)
    by_threshold = np.mean([average_precision(found) for found in asked], axis=0)
    return {
        'ap': float(by_threshold.mean()), 'ap50': float(by_threshold[0]),
        'ap75': float(by_threshold[5]),
        **{f'ar{most}': float(np.mean([average_recall(found, most) for found in asked]))
           for most in (1, 10, 100)},
    }


def _match(
    recording: Recording, rows: Indices, there: Indices, ignored: Flags, counted: Flags, unit: int
) -> Matches:
    crowd = recording.objects.crowd[there]
    overlap = overlaps(recording.reports.boxes_xyxy[rows], recording.objects.boxes_xyxy[there],
                       crowd)
    assigned = assign(overlap, IOU_THRESHOLDS, ignored, crowd).T
    answers = assigned >= 0
    excused = np.zeros(answers.shape, np.bool_)
    if len(there):
        excused = answers & ignored[assigned]
    return Matches(
        units=np.full(len(rows), unit), scores=recording.reports.scores[rows],
        ranks=np.arange(len(rows)), right=answers & ~excused,
        wrong=~answers & counted[rows][:, None],
    )


def _sorted(parts: Sequence[Matches]) -> Matches:
    if not parts:
        none, nothing = np.zeros(0, np.intp), np.zeros((0, len(IOU_THRESHOLDS)), np.bool_)
        return Matches(none, np.zeros(0), none, nothing, nothing)
    matches = Matches.concatenate(parts)
    return matches[np.argsort(-matches.scores, kind='stable')]


def _condensed(matches: Matches, wanted: Indices, times: Indices) -> ClassMatches:
    """Set what is always wrong apart, and leave out what is always ignored."""
    matches = matches[matches.ranks < MAX_DETECTIONS]
    always_wrong = matches.wrong.all(axis=1)
    some = ~always_wrong & (matches.right | matches.wrong).any(axis=1)
    return ClassMatches(matches[some], matches.units[always_wrong],
                        np.cumsum(some)[always_wrong], wanted, times)
