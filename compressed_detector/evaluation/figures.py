# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a robot's owner asks of a detector, as figures by name.

A figure that cannot be known, because nothing of its kind was recorded, is NaN. Names end in the
unit; parts are 0 to 1. docs/metrics.md has them all in one table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from compressed_detector.evaluation.criteria import Criteria, band_name
from compressed_detector.evaluation.evidence import (
    Evidence,
    FrameRows,
    ObjectRows,
    PairRows,
    ReportRows,
)
from compressed_detector.evaluation.precision import average_precision, precision_figures
from compressed_detector.evaluation.quantiles import quantile
from compressed_detector.evaluation.range_scores import spread
from compressed_detector.evaluation.tracks import Sightings

PARTS = {'p50': 0.5, 'p90': 0.9, 'p99': 0.99}


def figures(evidence: Evidence, criteria: Criteria) -> dict[str, float]:
    """Return all figures that have one value; see the functions below."""
    return {
        **precision_figures(evidence.classes),
        **detection_figures(evidence.objects, evidence.reports),
        **height_figures(evidence, criteria),
        **corridor_figures(evidence.objects, evidence.tracks, criteria),
        **track_figures(evidence.tracks),
        **alarm_figures(evidence.frames, evidence.reports, criteria),
        **error_figures(evidence.pairs),
        **time_figures(evidence.frames),
    }


def class_figures(evidence: Evidence) -> dict[str, dict[str, float]]:
    """Return by class what average precision and what recall and precision it has."""
    found = {}
    for number, (label, matches) in enumerate(evidence.classes.items()):
        by_threshold = average_precision(matches)
        objects = evidence.objects[evidence.objects.class_ids == number]
        reports = evidence.reports[evidence.reports.class_ids == number]
        found[label] = {
            'ap': float(by_threshold.mean()), 'ap50': float(by_threshold[0]),
            **detection_figures(objects, reports), 'objects': len(objects),
        }
    return found


def detection_figures(objects: ObjectRows, reports: ReportRows) -> dict[str, float]:
    """
    Return figures at the score threshold of the robot.

    ``recall``: the part of the objects that a report of their class finds. ``precision``: the
    part of the reports that find one. Objects of all classes count alike.
    """
    right, wrong = int(reports.right.sum()), int(reports.wrong.sum())
    return {'recall': _part(objects.found), 'precision': _ratio(right, right + wrong)}


def height_figures(evidence: Evidence, criteria: Criteria) -> dict[str, float]:
    """
    Return ``ap50_height_...`` and ``recall_height_...`` by height in the image, pixels.

    As COCO does for its ranges of area: objects of other heights are ignored, and so are reports
    of other heights that answer nothing.
    """
    found = {}
    for band in criteria.height_bands_px:
        name = band_name(band, 'px')
        heights = evidence.objects.heights_px
        chosen = (heights >= band[0]) & (heights < band[1])
        found[f'ap50_height_{name}'] = precision_figures(evidence.bands[name])['ap50']
        found[f'recall_height_{name}'] = _part(evidence.objects.found[chosen])
    return found


def corridor_figures(
    objects: ObjectRows, tracks: Sightings, criteria: Criteria
) -> dict[str, float]:
    """
    Return what is seen of obstacles in the driving corridor, whatever they are called.

    ``corridor_recall``, and ``corridor_recall_...`` by distance, metres: the part of them that is
    seen. ``corridor_first_seen_m_p50``, ``_p10``: how far away they were when the robot first
    heard of them, the median and what one in ten falls short of. ``corridor_longest_gap_s_max``:
    the longest time for which one of them was visible and not seen.
    """
    inside = objects[objects.in_corridor]
    found = {'corridor_recall': _part(inside.seen)}
    for low, high in criteria.range_bands_m:
        chosen = (inside.forward_m >= low) & (inside.forward_m < high)
        found[f'corridor_recall_{band_name((low, high), "m")}'] = _part(inside.seen[chosen])
    met = tracks[tracks.in_corridor]
    return {
        **found,
        'corridor_first_seen_m_p50': quantile(met.first_seen_m, 0.5),
        'corridor_first_seen_m_p10': quantile(met.first_seen_m, 0.1),
        'corridor_longest_gap_s_max': quantile(met.longest_gap_s, 1),
    }


def track_figures(tracks: Sightings) -> dict[str, float]:
    """
    Return how early objects are seen, and for how long they are lost; one row of tracks each.

    ``first_seen_s_p50``, ``_p90``: seconds from when an object is visible to when the robot hears
    of it; infinite when more than the other half, or tenth, is never seen. ``first_seen_m_p50``:
    how far away it is then. ``never_seen``: the part that never is. ``longest_gap_s_p50``,
    ``_max``: the longest time for which an object was visible and not seen.
    """
    known = tracks.first_seen_s[~np.isnan(tracks.first_seen_s)]
    return {
        'first_seen_s_p50': quantile(tracks.first_seen_s, 0.5),
        'first_seen_s_p90': quantile(tracks.first_seen_s, 0.9),
        'first_seen_m_p50': quantile(tracks.first_seen_m, 0.5),
        'never_seen': _part(np.isinf(known)),
        'longest_gap_s_p50': quantile(tracks.longest_gap_s, 0.5),
        'longest_gap_s_max': quantile(tracks.longest_gap_s, 1),
    }


def alarm_figures(
    frames: FrameRows, reports: ReportRows, criteria: Criteria
) -> dict[str, float]:
    """
    Return how often it cries wolf.

    ``false_positives_per_frame``: reports that answer nothing. ``false_alarms_per_minute``: what
    is seen in one place in frame after frame counts once. ``flicker_per_minute``: reports that
    vanish for a frame or two and come back. ``false_stops_...`` by stop zone: of the frames in
    which nothing is in it, the part in which something is reported there. ``missed_stops_...``:
    of those in which something is, the part in which nothing is reported there.
    """
    minutes = float(frames.seconds.sum()) / 60
    shown_minutes = float(frames.shown_s.sum()) / 60
    found = {
        'false_positives_per_frame': _ratio(
            int(reports.invented.sum()), int(frames.evaluated.sum())),
        'false_alarms_per_minute': _ratio(int(reports.begins_alarm.sum()), minutes),
        'flicker_per_minute': _ratio(int(frames.interruptions.sum()), shown_minutes),
    }
    for number, zone in enumerate(criteria.stop_zones):
        known = ~frames.unknown[:, number]
        occupied, reported = frames.occupied[known, number], frames.reported[known, number]
        found[f'false_stops_{zone.name}'] = _part(reported[~occupied])
        found[f'missed_stops_{zone.name}'] = _part(~reported[occupied])
    return found


def error_figures(pairs: PairRows) -> dict[str, float]:
    """
    Return how well found objects are placed; a pair of object and report each.

    ``iou_p50``: the median overlap. ``centre_error_px_p50``, ``_mad``, ``_p90``: median, median
    absolute deviation from it, and 90th percentile of the distance between the centres.
    ``range_error_p50``, ``_mad``, ``_p90``: the same of the error of the range as a part of the
    true distance, positive is too far, the percentile of its absolute value.
    """
    found = {'iou_p50': quantile(pairs.ious, 0.5)}
    for name, errors in (('centre_error_px', pairs.centre_errors_px),
                         ('range_error', pairs.range_errors)):
        found |= zip((f'{name}_p50', f'{name}_mad', f'{name}_p90'), spread(errors))
    return found


def time_figures(frames: FrameRows) -> dict[str, float]:
    """
    Return how long answers take, over the frames that were looked at.

    ``latency_ms_...``: from the image to its answer. ``age_ms_...``: from the stamp of the image
    to its answer. ``decode_ms_p50``: reading and decoding, which is no part of the latency.
    ``frames_answered``: the part of all frames that was looked at.
    """
    return {
        **{f'latency_ms_{name}': quantile(frames.latencies_ms, part)
           for name, part in PARTS.items()},
        **{f'age_ms_{name}': quantile(frames.ages_ms, part) for name, part in PARTS.items()},
        'decode_ms_p50': quantile(frames.decode_ms, 0.5),
        'frames_answered': _part(frames.answered),
    }


def counts(evidence: Evidence, criteria: Criteria) -> Mapping[str, float]:
    """Return how much the figures were measured on."""
    return {
        'frames': len(evidence.frames),
        'frames_answered': int(evidence.frames.answered.sum()),
        'frames_evaluated': int(evidence.frames.evaluated.sum()),
        'minutes_evaluated': float(evidence.frames.seconds.sum()) / 60,
        'objects': len(evidence.objects),
        'objects_in_corridor': int(evidence.objects.in_corridor.sum()),
        'reports': int((evidence.reports.right | evidence.reports.wrong).sum()),
        'tracks': len(evidence.tracks),
        **{f'objects_height_{band_name(band, "px")}': int(
            ((evidence.objects.heights_px >= band[0])
             & (evidence.objects.heights_px < band[1])).sum())
           for band in criteria.height_bands_px},
    }


def _part(flags: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return float(np.mean(flags)) if len(flags) else math.nan


def _ratio(count: float, total: float) -> float:
    """Return the quotient; NaN of nothing, and of what is NaN."""
    return count / total if total > 0 else math.nan
