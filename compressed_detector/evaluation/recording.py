# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One camera of one recording: its frames, what is truly in them, and what a detector reported."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Indices
from compressed_detector.evaluation.columns import Columns, Flags, Floats64, Ints64, column
from compressed_detector.evaluation.ground_truth import Objects


@dataclass(frozen=True, eq=False)
class Frames(Columns):
    """
    Frames of one camera, F rows, in the order of their stamps.

    ``stamps_ns``, ``indices``: as in sources.Frame. ``sizes_px``: width and height. ``annotated``:
    its truth is known, even if that is that nothing is there. ``answered``: the detector looked
    at it. ``latencies_ms``: how long it took the answer to come. ``ages_ms``: how old the picture
    was then. ``decode_ms``: how long reading and decoding took. NaN where unknown.
    """

    stamps_ns: Ints64 = column(np.int64)
    indices: Ints64 = column(np.int64)
    sizes_px: Ints64 = column(np.int64, 2)
    annotated: Flags = column(np.bool_)
    answered: Flags = column(np.bool_)
    latencies_ms: Floats64 = column(np.float64)
    ages_ms: Floats64 = column(np.float64)
    decode_ms: Floats64 = column(np.float64)


@dataclass(frozen=True, eq=False)
class Reports(Columns):
    """
    What a detector reported, M rows: the columns of Detections, and where it is.

    ``frames``: which frame each is in. ``forward_m``, ``right_m``: as in Objects.
    """

    frames: Indices = column(np.intp)
    boxes_xyxy: Floats64 = column(np.float64, 4)
    scores: Floats64 = column(np.float64)
    class_ids: npt.NDArray[np.int32] = column(np.int32)
    forward_m: Floats64 = column(np.float64)
    right_m: Floats64 = column(np.float64)

Labelled = TypeVar('Labelled', Objects, Reports)


@dataclass(frozen=True, eq=False)
class Recording:
    """
    One camera of one source, with truth and reports.

    ``labels``: what the class ids of both mean. ``sequential``: it is a film. ``ranges_measured``:
    the places of the objects were measured, not derived from their boxes. ``frame_id``: of the
    headers of the images.
    """

    source: str
    camera: str
    labels: tuple[str, ...]
    sequential: bool
    ranges_measured: bool
    frames: Frames
    objects: Objects
    reports: Reports
    frame_id: str = ''

    @property
    def evaluated(self) -> Flags:
        """Which frames (F,) tell how good the detector is: annotated, and looked at."""
        return self.frames.annotated & self.frames.answered

    def restricted_to(self, labels: tuple[str, ...]) -> Recording:
        """Return the same with objects and reports of these classes only."""
        numbers = np.array([labels.index(name) if name in labels else -1 for name in self.labels],
                           np.int32)
        return dataclasses.replace(
            self, labels=labels, objects=_renumbered(self.objects, numbers),
            reports=_renumbered(self.reports, numbers),
        )


def durations_s(recording: Recording, chosen: Flags) -> Floats64:
    """
    Return for how long (F,) each frame of a choice (F,) stands: until the next one of them.

    The last stands for the median of the others. 0 for the frames that are not chosen; NaN where
    time means nothing, in a single frame and in pictures that are no film.
    """
    seconds = np.zeros(len(recording.frames))
    stamps = recording.frames.stamps_ns[chosen]
    if not recording.sequential or len(stamps) < 2:
        seconds[chosen] = np.nan
        return seconds
    steps = np.diff(stamps) / 1e9
    seconds[chosen] = [*steps, np.median(steps)]
    return seconds


def _renumbered(table: Labelled, numbers: npt.NDArray[np.int32]) -> Labelled:
    class_ids = numbers[table.class_ids]
    return dataclasses.replace(table, class_ids=class_ids)[class_ids >= 0]
