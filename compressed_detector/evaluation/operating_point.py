# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a detector finds, misses and invents with the score threshold that the robot uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.columns import Flags, Floats64
from compressed_detector.evaluation.matching import assign, overlaps
from compressed_detector.evaluation.recording import Recording


@dataclass(frozen=True, eq=False)
class Answers:
    """
    Which report answers which object, over the evaluated frames of a recording.

    ``reports``: for each object (N,) the row of the report that answers it, or -1; ``ious``: by
    how much it overlaps, NaN without one. ``right``, ``wrong``: for each report (M,) that reaches
    the score threshold whether it answers an object, or nothing; one that answers what is to be
    ignored is neither.
    """

    reports: Indices
    ious: Floats64
    right: Flags
    wrong: Flags


def answer(
    recording: Recording, score_threshold: float, iou_threshold: float, by_class: bool
) -> Answers:
    """
    Match the reports that reach the score threshold with the objects.

    By class, a report answers objects of its own class only. Otherwise whatever is there answers
    to whatever is reported: a robot that stops for a dog that was called a cat has seen it.
    """
    objects, reports = recording.objects, recording.reports
    answering = np.full(len(objects), -1, np.intp)
    ious = np.full(len(objects), np.nan)
    right, wrong = np.zeros((2, len(reports)), np.bool_)
    evaluated = recording.evaluated
    chosen = np.flatnonzero(evaluated[reports.frames] & (reports.scores >= score_threshold))
    there = np.flatnonzero(evaluated[objects.frames])
    for _, _, rows, among in grouped(recording, there, chosen, by_class):
        overlap = overlaps(reports.boxes_xyxy[rows], objects.boxes_xyxy[among],
                           objects.crowd[among])
        assigned = assign(overlap, np.array([iou_threshold]), objects.ignored[among],
                          objects.crowd[among])[0]
        wrong[rows[assigned < 0]] = True
        ranks = np.flatnonzero(assigned >= 0)
        real = ranks[~objects.ignored[among[assigned[ranks]]]]
        found = among[assigned[real]]
        right[rows[real]] = True
        answering[found], ious[found] = rows[real], overlap[real, assigned[real]]
    return Answers(answering, ious, right, wrong)


def grouped(
    recording: Recording, objects: Indices, reports: Indices, by_class: bool
) -> Iterator[tuple[int, int, Indices, Indices]]:
    """
    Yield frame, class, its reports (rows, the best score first) and its objects (rows).

    Of all frames that have any of the reports; the class is 0 where classes are not told apart.
    """
    count = len(recording.labels) if by_class else 1
    keys = recording.reports.frames[reports] * count
    object_keys = recording.objects.frames[objects] * count
    if by_class:
        keys = keys + recording.reports.class_ids[reports]
        object_keys = object_keys + recording.objects.class_ids[objects]
    object_order = np.argsort(object_keys, kind='stable')
    objects, object_keys = objects[object_order], object_keys[object_order]
    order = np.lexsort((-recording.reports.scores[reports], keys))
    groups: Indices
    groups, starts = np.unique(keys[order], return_index=True)
    first = np.searchsorted(object_keys, groups, 'left')
    last = np.searchsorted(object_keys, groups, 'right')
    for group, rows, start, stop in zip(
        groups.tolist(), np.split(reports[order], starts[1:]), first, last
    ):
        yield group // count, group % count, rows, objects[start:stop]
