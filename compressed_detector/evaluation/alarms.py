# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How often a detector cries wolf, and whether the robot stops for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compressed_detector.detection.boxes import iou_matrix
from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.columns import Flags, Floats64, rows_of
from compressed_detector.evaluation.criteria import StopZone
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.stability import SAME_PLACE_IOU


def alarm_begins(recording: Recording, wrong: Flags) -> Flags:
    """
    Return which of the wrong reports (M,) begin an alarm.

    One that overlaps a wrong report of the evaluated frame before goes on with its alarm: what
    is seen in the same place in ten frames is one false alarm, not ten. In pictures that are no
    film every wrong report is one.
    """
    begins: Flags = wrong.copy()
    if not recording.sequential:
        return begins
    rows = np.flatnonzero(wrong)
    by_frame = rows_of(recording.reports.frames[rows], len(recording.frames))
    before = np.zeros(0, np.intp)
    for frame in np.flatnonzero(recording.evaluated):
        now = rows[by_frame[frame]]
        near = iou_matrix(recording.reports.boxes_xyxy[now], recording.reports.boxes_xyxy[before])
        begins[now] = ~(near >= SAME_PLACE_IOU).any(axis=1)
        before = now
    return begins


def stops(
    recording: Recording, zones: Sequence[StopZone], score_threshold: float
) -> tuple[Flags, Flags, Flags]:
    """
    Return for each frame and zone (F, Z): an object is in it, a report is, and nobody can say.

    Objects and reports are where their near faces are; without a known place they are in no
    zone. Nobody can say in frames that are not evaluated, or where something that is to be
    ignored is in the zone.
    """
    objects, reports = recording.objects, recording.reports
    real = _in_zones(recording, objects.frames[~objects.ignored], zones,
                     objects.forward_m[~objects.ignored], objects.right_m[~objects.ignored])
    excused = _in_zones(recording, objects.frames[objects.ignored], zones,
                        objects.forward_m[objects.ignored], objects.right_m[objects.ignored])
    loud = reports.scores >= score_threshold
    reported = _in_zones(recording, reports.frames[loud], zones, reports.forward_m[loud],
                         reports.right_m[loud])
    return real, reported, excused | ~recording.evaluated[:, None]


def _in_zones(
    recording: Recording, frames: Indices, zones: Sequence[StopZone], forward_m: Floats64,
    right_m: Floats64,
) -> Flags:
    inside = np.zeros((len(recording.frames), len(zones)), np.bool_)
    for number, zone in enumerate(zones):
        within = (forward_m <= zone.depth_m) & (np.abs(right_m) <= zone.width_m / 2)
        inside[frames[within], number] = True
    return inside
