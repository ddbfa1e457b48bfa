# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is truly in recorded frames, by the stamp or the number of the frame."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Floats, Indices
from compressed_detector.evaluation.columns import Columns, Flags, Floats64, Ints64, column

STAMP, INDEX = 'stamp_ns', 'index'
NO_TRACK = -1


@dataclass(frozen=True, eq=False)
class Objects(Columns):
    """
    True objects, N rows.

    ``frames``: which frame each is in. ``boxes_xyxy``: pixels, as in Detections. ``class_ids``:
    indices into labels. ``track_ids``: the same object has the same one in every frame; -1 is
    unknown. ``ignored``: it asks for nothing, and a detection of it is no mistake. ``crowd``: it
    is a region of many, which any number of detections may lie in (COCO's iscrowd); implies
    ignored. ``forward_m``, ``right_m``: where its near face is, level and ahead of the camera;
    NaN where unknown.
    """

    frames: Indices = column(np.intp)
    boxes_xyxy: Floats64 = column(np.float64, 4)
    class_ids: npt.NDArray[np.int32] = column(np.int32)
    track_ids: Ints64 = column(np.int64)
    ignored: Flags = column(np.bool_)
    crowd: Flags = column(np.bool_)
    forward_m: Floats64 = column(np.float64)
    right_m: Floats64 = column(np.float64)


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """
    The annotated frames of one camera and the objects in them.

    ``keyed_by``: 'stamp_ns', the header stamp, or 'index', the number of the frame from 0.
    ``keys``: int64 (K,), one per annotated frame; ``objects.frames`` are indices into it.
    """

    labels: tuple[str, ...]
    keyed_by: str
    keys: Ints64
    objects: Objects

    def of(self, stamps_ns: Ints64, indices: Ints64) -> tuple[Flags, Objects]:
        """Return which of these frames (F,) are annotated, and their objects, by those frames."""
        wanted = stamps_ns if self.keyed_by == STAMP else indices
        annotated = np.isin(wanted, self.keys)
        place_of = {int(wanted[place]): place for place in np.flatnonzero(annotated)}
        places = np.array([place_of.get(key, -1) for key in self.keys.tolist()], np.intp)
        there = places >= 0
        chosen = self.objects[there[self.objects.frames]]
        return annotated, dataclasses.replace(chosen, frames=places[chosen.frames])


@dataclass(frozen=True, eq=False)
class FrameTruth:
    """The objects of one class in one frame: boxes (N, 4), pixels, left, top, right, bottom."""

    stamp_ns: int
    boxes_xyxy: Floats
