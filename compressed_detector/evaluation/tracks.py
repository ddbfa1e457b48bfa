# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How early objects are seen, and for how long they are lost: the truth's tracks, one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.columns import Columns, Flags, Floats64, column
from compressed_detector.evaluation.ground_truth import NO_TRACK
from compressed_detector.evaluation.recording import Recording, durations_s


@dataclass(frozen=True, eq=False)
class Sightings(Columns):
    """
    What became of true objects that have a track, one row each.

    ``units``: what each is drawn with (see bootstrap). ``in_corridor``: it was in the corridor in
    some frame. ``first_seen_s``: from the picture in which it was first visible to when the robot
    heard of it; infinite when it never did. ``first_seen_m``: how far away it was then; 0 when it
    was never seen, NaN where distances are not known. ``longest_gap_s``: the longest time for
    which it was visible and not seen.
    """

    units: Indices = column(np.intp)
    in_corridor: Flags = column(np.bool_)
    first_seen_s: Floats64 = column(np.float64)
    first_seen_m: Floats64 = column(np.float64)
    longest_gap_s: Floats64 = column(np.float64)


def sightings(
    recording: Recording, units: Indices, seen: Flags, in_corridor: Flags
) -> Sightings:
    """
    Return what became of each track, in the order of their first frames.

    ``units`` (F,): of the frames; a track belongs to that of its first. ``seen``, ``in_corridor``
    (N,): of the objects. An object is visible in the annotated frames in which it is not ignored;
    each stands until the next annotated one. A frame that was not looked at shows nothing. What
    is not visible meanwhile adds no time to a gap and does not end it.
    """
    seconds = durations_s(recording, recording.frames.annotated)
    rows = []
    for members in _members(recording):
        frames = recording.objects.frames[members]
        rows.append((
            units[frames[0]], in_corridor[members].any(),
            *_first_seen(recording, members, seen[members]),
            _longest_gap(seconds[frames], seen[members]),
        ))
    if not rows:
        return Sightings.empty()
    return Sightings(*(np.array(values) for values in zip(*rows)))


def _members(recording: Recording) -> Iterator[Indices]:
    """Yield the rows of each track, in the order of its frames."""
    objects = recording.objects
    known = np.flatnonzero((objects.track_ids != NO_TRACK) & ~objects.ignored
                           & recording.frames.annotated[objects.frames])
    order = known[np.lexsort((objects.frames[known], objects.track_ids[known]))]
    ids = objects.track_ids[order]
    tracks = np.split(order, np.flatnonzero(np.diff(ids)) + 1) if len(order) else []
    yield from sorted(tracks, key=lambda members: int(objects.frames[members[0]]))


def _first_seen(recording: Recording, members: Indices, seen: Flags) -> tuple[float, float]:
    """Return after how many seconds, and at what distance, the robot heard of it."""
    if not recording.sequential:
        return math.nan, math.nan
    frames = recording.objects.frames[members]
    times_s = (recording.frames.stamps_ns[frames] - recording.frames.stamps_ns[frames[0]]) / 1e9
    forward = recording.objects.forward_m[members]
    known = np.isfinite(forward)
    if not seen.any():
        return math.inf, 0.0 if known.any() else math.nan
    first = int(np.argmax(seen))
    # Without a measured age the answer counts as heard at once.
    age_s = float(np.nan_to_num(recording.frames.ages_ms[frames[first]])) / 1e3
    heard_s = float(times_s[first]) + age_s
    if not known.any():
        return heard_s, math.nan
    return heard_s, float(np.interp(heard_s, times_s[known], forward[known]))


def _longest_gap(seconds: Floats64, seen: Flags) -> float:
    if np.isnan(seconds).any():
        return math.nan
    longest = current = 0.0
    for duration, hit in zip(seconds.tolist(), seen.tolist()):
        current = 0.0 if hit else current + duration
        longest = max(longest, current)
    return longest
