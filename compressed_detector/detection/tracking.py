# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Objects that keep their identity from frame to frame, and do not flicker.

Detections are associated with tracks by the overlap of their boxes, as in Bochinski et al.,
High-Speed Tracking-by-Detection Without Using Image Information, AVSS 2017; detections of low
score continue tracks but start none, as in Zhang et al., ByteTrack, ECCV 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.config import TrackingSettings
from compressed_detector.detection.boxes import clip, iou_matrix
from compressed_detector.detection.motion import Ids, Motion
from compressed_detector.detection.types import Detections, Floats, Indices

# A longer step, like one back in time, is no next frame: the scene is another.
LONGEST_STEP_NS = 2 * 10**9
MIN_SIDE_PX = 1

_TRACK = np.dtype([
    ('id', np.int64), ('class_id', np.int32), ('score', np.float32), ('box', np.float32, 4),
    ('first_ns', np.int64), ('last_ns', np.int64), ('in_a_row', np.int64), ('confirmed', np.bool_),
])


@dataclass(frozen=True, eq=False)
class Tracks:
    """
    The objects to report for one frame; none is a value of length zero.

    ``detections``: boxes in pixels of the image, scores, class ids. ``ids``: int64 (N,), from 1
    on, never used twice. ``rows``: intp (N,), which detection of the frame it is, or -1 for an
    object that is held: its score is the last one, its box the last one moved as it moved.
    """

    detections: Detections
    ids: Ids
    rows: Indices

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def untracked(cls, detections: Detections) -> Tracks:
        """Return the detections of one frame without identities."""
        count = len(detections)
        return cls(detections, np.zeros(count, np.int64), np.arange(count))

    @property
    def tracked(self) -> bool:
        """Whether the objects have identities; those of an empty frame have, too."""
        return bool((self.ids > 0).all())

    @property
    def names(self) -> list[str]:
        """The ids as messages carry them; empty strings for objects without."""
        return [str(number) if number else '' for number in self.ids.tolist()]

    @property
    def held(self) -> npt.NDArray[np.bool_]:
        """Which objects (N,) are not detected in this frame."""
        return self.rows < 0


class Tracker:
    """
    Follows the objects of one camera.

    Time is that of the image stamps. When it goes back, stands still or jumps by more than 2 s,
    all tracks are forgotten. The detections of the first frame, and of the first one after that,
    are reported at once: nothing is known that they could be compared with.
    """

    def __init__(self) -> None:
        self._tracks: npt.NDArray[Any] = np.zeros(0, _TRACK)
        self._motion = Motion(dimensions=2)
        self._stamp_ns: int | None = None
        self._next_id = 1

    def update(
        self, stamp_ns: int, detections: Detections, image_size: tuple[int, int],
        settings: TrackingSettings,
    ) -> Tracks:
        """
        Return what to report for a frame of (width, height) pixels, taken at a time.

        Detections of an object that is not confirmed yet are not reported, nor are weak ones
        that continue no object.
        """
        starts_over = self._starts_over(stamp_ns)
        self._tracks = self._tracks[:0] if starts_over else self._alive(stamp_ns, settings)
        expected = self._expected_boxes(stamp_ns)
        rows = _associate(self._tracks, expected, detections, settings.track_iou_threshold)
        new = _strong_and_free(detections, rows, settings.track_start_score)
        rows = np.concatenate([rows, new])
        self._start(detections[new], stamp_ns)
        self._continue(rows, detections, stamp_ns)
        self._confirm(stamp_ns, settings, starts_over)
        self._stamp_ns = stamp_ns
        moved = np.concatenate([expected, detections.boxes_xyxy[new]])
        return self._report(rows, clip(moved, *image_size), detections, settings)

    def forget(self) -> None:
        """Lose sight of all objects; their ids are not used again."""
        self._tracks, self._stamp_ns = self._tracks[:0], None

    def _starts_over(self, stamp_ns: int) -> bool:
        return self._stamp_ns is None or not 0 < stamp_ns - self._stamp_ns <= LONGEST_STEP_NS

    def _alive(self, stamp_ns: int, settings: TrackingSettings) -> npt.NDArray[Any]:
        """Return the tracks but those unseen for too long, or missed before being confirmed."""
        in_time = self._unseen_s(stamp_ns) <= settings.track_hold_time
        # Frames may be further apart than the hold time.
        just_seen = self._tracks['last_ns'] == self._stamp_ns
        alive: npt.NDArray[Any] = (
            self._tracks[just_seen | (self._tracks['confirmed'] & in_time)]
        )
        return alive

    def _unseen_s(self, stamp_ns: int) -> npt.NDArray[np.float64]:
        unseen: npt.NDArray[np.float64] = (stamp_ns - self._tracks['last_ns']) * 1e-9
        return unseen

    def _expected_boxes(self, stamp_ns: int) -> Floats:
        """Return the last boxes, moved for the time since; of its size nothing is foretold."""
        velocities = self._motion.velocities(self._tracks['id'])
        velocities[np.isnan(velocities)] = 0
        shifts = velocities * self._unseen_s(stamp_ns)[:, None]
        corners = self._tracks['box'].reshape(-1, 2, 2) + shifts[:, None]
        boxes: Floats = corners.reshape(-1, 4).astype(np.float32)
        return boxes

    def _start(self, detections: Detections, stamp_ns: int) -> None:
        if not len(detections):
            return
        new = np.zeros(len(detections), _TRACK)
        new['id'] = self._next_id + np.arange(len(detections))
        new['class_id'] = detections.class_ids
        new['first_ns'] = stamp_ns
        self._next_id += len(detections)
        self._tracks = np.concatenate([self._tracks, new])

    def _continue(self, rows: Indices, detections: Detections, stamp_ns: int) -> None:
        tracks, seen = np.flatnonzero(rows >= 0), detections[rows[rows >= 0]]
        self._tracks['box'][tracks] = seen.boxes_xyxy
        self._tracks['score'][tracks] = seen.scores
        self._tracks['last_ns'][tracks] = stamp_ns
        self._tracks['in_a_row'][tracks] += 1
        centres: Floats = (seen.boxes_xyxy[:, :2] + seen.boxes_xyxy[:, 2:]) / np.float32(2)
        self._motion.observe(stamp_ns, self._tracks['id'][tracks], centres)

    def _confirm(self, stamp_ns: int, settings: TrackingSettings, at_once: bool) -> None:
        long_enough = (
            (stamp_ns - self._tracks['first_ns']) * 1e-9 >= settings.track_confirm_time
        )
        often_enough = self._tracks['in_a_row'] >= settings.track_confirm_frames
        self._tracks['confirmed'] |= at_once | (long_enough & often_enough)

    def _report(
        self, rows: Indices, expected: Floats, detections: Detections, settings: TrackingSettings
    ) -> Tracks:
        seen = self._tracks['confirmed'] & (rows >= 0)
        held = self._tracks['confirmed'] & (rows < 0)
        held &= self._unseen_s(self._stamp_ns or 0) <= settings.track_hold_time
        held &= (expected[:, 2:] - expected[:, :2] >= MIN_SIDE_PX).all(axis=1)
        if held.any():
            held[held] = ~_covered(expected[held], self._tracks[held], self._tracks[seen],
                                   settings.track_iou_threshold)
        # As the detector orders them, the held ones behind.
        told = np.concatenate([np.flatnonzero(seen)[np.argsort(rows[seen])], np.flatnonzero(held)])
        tracks = self._tracks[told]
        boxes = np.where(held[told, None], expected[told], tracks['box'])
        reported = Detections(boxes, tracks['score'], tracks['class_id'])
        return Tracks(reported, tracks['id'].copy(), rows[told])


def _covered(
    boxes_xyxy: Floats, tracks: npt.NDArray[Any], seen: npt.NDArray[Any], iou_threshold: float
) -> npt.NDArray[np.bool_]:
    """
    Return which expected boxes (N, 4) overlap an object that is seen: it is in their place.

    Two people are detected as one, or one of them under a new id: nothing there is missing.
    """
    overlap = iou_matrix(boxes_xyxy, seen['box'])
    same = tracks['class_id'][:, None] == seen['class_id'][None, :]
    covered: npt.NDArray[np.bool_] = (same & (overlap >= iou_threshold)).any(axis=1)
    return covered


class Velocities:
    """How fast the tracked objects of one camera move, where their places are known."""

    def __init__(self) -> None:
        self._motion = Motion(dimensions=3)

    def update(self, stamp_ns: int, tracks: Tracks, positions_m: Floats) -> Floats:
        """
        Return the velocities (N, 3), metres per second, of tracks at positions (N, 3).

        Both in the frame of the positions: that of a moving camera gives velocities relative to
        the camera. A position that is not known is NaN; so is a velocity, until an object was
        seen at 3 known positions over 0.15 s. The position of a held object is no observation:
        it keeps its velocity.
        """
        seen = ~tracks.held
        self._motion.observe(stamp_ns, tracks.ids[seen], positions_m[seen])
        return self._motion.velocities(tracks.ids)


def _associate(
    tracks: npt.NDArray[Any], expected: Floats, detections: Detections, iou_threshold: float
) -> Indices:
    """
    Return for every track the row of the detection that continues it, or -1.

    The pair that overlaps most comes first; of equal ones the older track, the better score.
    """
    overlap = iou_matrix(expected, detections.boxes_xyxy)
    overlap[tracks['class_id'][:, None] != detections.class_ids[None, :]] = 0
    near = np.nonzero(overlap >= iou_threshold)
    order = np.argsort(-overlap[near], kind='stable')
    rows, taken = [-1] * len(tracks), set()
    # Lists: Python goes through them in a tenth of the time of arrays.
    for track, row in zip(near[0][order].tolist(), near[1][order].tolist()):
        if rows[track] < 0 and row not in taken:
            rows[track] = row
            taken.add(row)
    return np.array(rows, np.intp)


def _strong_and_free(detections: Detections, taken: Indices, start_score: float) -> Indices:
    strong = detections.scores >= start_score
    strong[taken[taken >= 0]] = False
    return np.flatnonzero(strong)
