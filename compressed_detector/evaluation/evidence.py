# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that figures are made of, as tables whose rows can be drawn again by their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.alarms import alarm_begins, stops
from compressed_detector.evaluation.columns import Columns, Flags, Floats64, column, rows_of
from compressed_detector.evaluation.criteria import Criteria, band_name
from compressed_detector.evaluation.operating_point import Answers, answer
from compressed_detector.evaluation.precision import ClassMatches, match_classes
from compressed_detector.evaluation.recording import Recording, durations_s
from compressed_detector.evaluation.stability import interruptions_by_frame
from compressed_detector.evaluation.tracks import Sightings, sightings
from compressed_detector.evaluation.units import Units


@dataclass(frozen=True, eq=False)
class FrameRows(Columns):
    """
    Frames.

    ``seconds``: for how long an evaluated one stands, 0 for others. ``shown_s``: the same
    for all that were looked at. ``interruptions``: reports that the next frame lacks and one of
    the two after that has again. ``occupied``, ``reported``, ``unknown`` (F, Z): as alarms.stops
    returns them.
    """

    units: Indices = column(np.intp)
    evaluated: Flags = column(np.bool_)
    answered: Flags = column(np.bool_)
    seconds: Floats64 = column(np.float64)
    shown_s: Floats64 = column(np.float64)
    interruptions: Indices = column(np.intp)
    latencies_ms: Floats64 = column(np.float64)
    ages_ms: Floats64 = column(np.float64)
    decode_ms: Floats64 = column(np.float64)
    occupied: Flags = column(np.bool_, -1)
    reported: Flags = column(np.bool_, -1)
    unknown: Flags = column(np.bool_, -1)


@dataclass(frozen=True, eq=False)
class ObjectRows(Columns):
    """
    Objects that are asked for, in evaluated frames.

    ``found``: by a report of their class. ``seen``: by any report. ``in_corridor``: they are in
    the way of the robot.
    """

    units: Indices = column(np.intp)
    class_ids: Indices = column(np.intp)
    heights_px: Floats64 = column(np.float64)
    forward_m: Floats64 = column(np.float64)
    in_corridor: Flags = column(np.bool_)
    found: Flags = column(np.bool_)
    seen: Flags = column(np.bool_)


@dataclass(frozen=True, eq=False)
class ReportRows(Columns):
    """
    Reports that reach the score threshold, in evaluated frames.

    ``right``, ``wrong``: it answers an object of its class, or none. ``invented``: it answers
    nothing whatever. ``begins_alarm``: as alarms.alarm_begins returns it.
    """

    units: Indices = column(np.intp)
    class_ids: Indices = column(np.intp)
    right: Flags = column(np.bool_)
    wrong: Flags = column(np.bool_)
    invented: Flags = column(np.bool_)
    begins_alarm: Flags = column(np.bool_)


@dataclass(frozen=True, eq=False)
class PairRows(Columns):
    """
    Objects and the reports of their class that answer them.

    ``centre_errors_px``: the distance between the centres of their boxes. ``range_errors``: how
    much too far the report is, as a part of the true distance; NaN where either is unknown.
    """

    units: Indices = column(np.intp)
    ious: Floats64 = column(np.float64)
    centre_errors_px: Floats64 = column(np.float64)
    range_errors: Floats64 = column(np.float64)


@dataclass(frozen=True, eq=False)
class Evidence:
    """All tables of one detector; ``bands`` are matches by the name of a band of heights."""

    classes: Mapping[str, ClassMatches]
    bands: Mapping[str, Mapping[str, ClassMatches]]
    frames: FrameRows
    objects: ObjectRows
    reports: ReportRows
    pairs: PairRows
    tracks: Sightings

    def drawn(self, chosen: Indices, count: int) -> Evidence:
        """Return the rows of the chosen units, of ``count``, as often as they are chosen."""
        times = np.bincount(chosen, minlength=count)
        tables = [table[np.repeat(np.arange(len(table)), times[table.units])]
                  for table in (self.frames, self.objects, self.reports, self.pairs, self.tracks)]
        return Evidence(_drawn(self.classes, times), {
            name: _drawn(classes, times) for name, classes in self.bands.items()
        }, *tables)  # type: ignore[arg-type]


def gather(recordings: Sequence[Recording], units: Units, criteria: Criteria) -> Evidence:
    """Return what recordings of one detector, with the same labels, give evidence of."""
    parts = [_gather(recording, of_frames, criteria)
             for recording, of_frames in zip(recordings, units.of_frames)]
    frames, objects, reports, pairs, tracks = zip(*parts)
    return Evidence(
        match_classes(
            recordings, units.of_frames, [~item.objects.ignored for item in recordings],
            [np.ones(len(item.reports), np.bool_) for item in recordings],
        ),
        {band_name(band, 'px'): _match_band(recordings, units, band)
         for band in criteria.height_bands_px},
        FrameRows.concatenate(frames), ObjectRows.concatenate(objects),
        ReportRows.concatenate(reports), PairRows.concatenate(pairs),
        Sightings.concatenate(tracks),
    )


def _drawn(classes: Mapping[str, ClassMatches], times: Indices) -> dict[str, ClassMatches]:
    # Of the others nothing is known, whatever is drawn.
    return {label: found.drawn(times) for label, found in classes.items() if len(found.wanted)}


def _match_band(
    recordings: Sequence[Recording], units: Units, band: tuple[float, float]
) -> dict[str, ClassMatches]:
    """Match as COCO does for ranges of area, but by height."""
    asked = [~item.objects.ignored & _within(_heights(item.objects.boxes_xyxy), band)
             for item in recordings]
    counted = [_within(_heights(item.reports.boxes_xyxy), band) for item in recordings]
    return match_classes(recordings, units.of_frames, asked, counted)


def _gather(
    recording: Recording, units: Indices, criteria: Criteria
) -> tuple[FrameRows, ObjectRows, ReportRows, PairRows, Sightings]:
    strict = answer(recording, criteria.score_threshold, criteria.iou_threshold, by_class=True)
    loose = answer(recording, criteria.score_threshold, criteria.iou_threshold, by_class=False)
    objects = recording.objects
    seen = loose.reports >= 0
    in_corridor = np.abs(objects.right_m) <= criteria.corridor_m / 2
    asked = ~objects.ignored & recording.evaluated[objects.frames]
    object_rows = ObjectRows(
        units[objects.frames], objects.class_ids.astype(np.intp), _heights(objects.boxes_xyxy),
        objects.forward_m, in_corridor, strict.reports >= 0, seen,
    )[asked]
    return (
        _frame_rows(recording, units, criteria), object_rows,
        _report_rows(recording, units, strict, loose), _pair_rows(recording, units, strict),
        sightings(recording, units, seen, in_corridor),
    )


def _frame_rows(recording: Recording, units: Indices, criteria: Criteria) -> FrameRows:
    frames = recording.frames
    occupied, reported, unknown = stops(recording, criteria.stop_zones, criteria.score_threshold)
    return FrameRows(
        units, recording.evaluated, frames.answered, durations_s(recording, recording.evaluated),
        durations_s(recording, frames.answered), _interruptions(recording, criteria),
        frames.latencies_ms, frames.ages_ms, frames.decode_ms, occupied, reported, unknown,
    )


def _interruptions(recording: Recording, criteria: Criteria) -> Indices:
    """Return the interruptions after each frame (F,), over all frames that were looked at."""
    counts = np.zeros(len(recording.frames), np.intp)
    if not recording.sequential:
        return counts
    looked_at = np.flatnonzero(recording.frames.answered)
    reports = recording.reports[recording.reports.scores >= criteria.score_threshold]
    for number in np.unique(reports.class_ids):
        of_class = reports[reports.class_ids == number]
        by_frame = rows_of(of_class.frames, len(counts))
        boxes = [of_class.boxes_xyxy[by_frame[frame]] for frame in looked_at]
        counts[looked_at] += np.array(interruptions_by_frame(boxes), np.intp)
    return counts


def _report_rows(
    recording: Recording, units: Indices, strict: Answers, loose: Answers
) -> ReportRows:
    reports = recording.reports
    return ReportRows(
        units[reports.frames], reports.class_ids.astype(np.intp), strict.right, strict.wrong,
        loose.wrong, alarm_begins(recording, loose.wrong),
    )[strict.right | strict.wrong | loose.wrong]


def _pair_rows(recording: Recording, units: Indices, strict: Answers) -> PairRows:
    rows = np.flatnonzero(strict.reports >= 0)
    objects, reports = recording.objects[rows], recording.reports[strict.reports[rows]]
    offsets = _centres(reports.boxes_xyxy) - _centres(objects.boxes_xyxy)
    errors = np.full(len(rows), np.nan)
    if recording.ranges_measured:
        known = objects.forward_m > 0
        errors[known] = reports.forward_m[known] / objects.forward_m[known] - 1
    return PairRows(units[objects.frames], strict.ious[rows], np.hypot(*offsets.T), errors)


def _heights(boxes_xyxy: Floats64) -> Floats64:
    heights: Floats64 = boxes_xyxy[:, 3] - boxes_xyxy[:, 1]
    return heights


def _centres(boxes_xyxy: Floats64) -> Floats64:
    centres: Floats64 = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    return centres


def _within(values: Floats64, band: tuple[float, float]) -> Flags:
    within: Flags = (values >= band[0]) & (values < band[1])
    return within
