# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Detections that have a range, as upright faces in space.

A detector sees the near side of an object, so that is what a robot is told about: an upright
rectangle that faces the camera. Frames: the *optical* frame of the camera (x right, y down,
z forward; REP-103), and the *level* frame, the same turned until y points along gravity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.camera_model import CameraModel, Floats64, Mounting
from compressed_detector.detection.ranging import Method, Ranges
from compressed_detector.detection.types import Detections, Floats, Indices

# Nobody sees how far an object reaches back: as deep as it is wide, but at least a person's chest
# and at most a metre.
THINNEST_M, THICKEST_M = 0.2, 1.0
# What hangs higher than this does not stop a robot; Nav2's own max_obstacle_height.
OVERHEAD_M = 2.0
NEAREST_M = 0.05
SMALLEST_FACE_M = 0.05
# A ray that climbs or falls more steeply than 87 degrees meets an upright face nowhere useful.
STEEPEST = 0.05
# Of the nine points of a box that _directions returns.
TOP, LEFT, CENTRE, RIGHT, BOTTOM = 1, 3, 4, 5, 7

# Points on a face. Nav2's collision monitor looks at heights of 0.05 to 0.5 m; the margins are for
# a floor that is not quite where the mounting puts it.
FLOOR_BAND_M = (0.1, 0.4)
UPPER_SPACING_M = 0.3
# At most 32 x 12 points of 12 bytes: a hundred faces stay below the 512 KB beyond which Fast DDS
# loses messages to best-effort subscribers, which Nav2 is.
MAX_COLUMNS, MAX_UPPER_ROWS = 32, 5


@dataclass(frozen=True, eq=False)
class Obstacles:
    """
    Where the objects are that a robot should not touch; none is a value of length zero.

    Metres in the optical frame. ``corners_m``: float32 (M, 4, 3), the visible face: top left, top
    right, bottom right, bottom left as the camera sees it; down to the floor where that is known.
    ``centres_m``, ``sizes_m``: float32 (M, 3), a box behind that face; the size is width, height
    and depth along the columns of ``axes``, float32 (3, 3): right, down along gravity, level
    forward; the identity when the mounting is not known. The depth is a convention: the width,
    bounded to 0.2 to 1.0 m. ``scores`` float32 (M,), ``class_ids`` int32 (M,): as detected.
    ``std_m``: float32 (M,), standard deviation along the line of sight. ``clamped``: bool (M,),
    the object may be nearer than it is put. ``overhead``: bool (M,), it hangs above the robot.
    ``rows``: intp (M,), which detection it is.

    Raises ValueError when the columns do not belong together.
    """

    corners_m: Floats
    centres_m: Floats
    sizes_m: Floats
    axes: Floats
    scores: Floats
    class_ids: npt.NDArray[np.int32]
    std_m: Floats
    clamped: npt.NDArray[np.bool_]
    overhead: npt.NDArray[np.bool_]
    rows: Indices

    def __post_init__(self) -> None:
        count = np.size(self.scores)
        for name, dtype, shape in (
            ('corners_m', np.float32, (count, 4, 3)), ('centres_m', np.float32, (count, 3)),
            ('sizes_m', np.float32, (count, 3)), ('axes', np.float32, (3, 3)),
            ('scores', np.float32, (count,)), ('class_ids', np.int32, (count,)),
            ('std_m', np.float32, (count,)), ('clamped', np.bool_, (count,)),
            ('overhead', np.bool_, (count,)), ('rows', np.intp, (count,)),
        ):
            column = np.asarray(getattr(self, name), dtype)
            if column.shape != shape:
                raise ValueError(f'expected {name} of shape {shape}, got {column.shape}')
            object.__setattr__(self, name, column)

    @classmethod
    def empty(cls) -> Obstacles:
        """Return zero obstacles."""
        none = np.zeros(0, np.float32)
        points, no = np.zeros((0, 3), np.float32), np.zeros(0, np.bool_)
        return cls(
            np.zeros((0, 4, 3), np.float32), points, points, np.eye(3, dtype=np.float32), none,
            np.zeros(0, np.int32), none, no, no, np.zeros(0, np.intp),
        )

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def forward_m(self) -> Floats:
        """How far ahead each face is, (M,), along the level forward axis."""
        forward: Floats = self.corners_m[:, 0] @ self.axes[:, 2]
        return forward


def level_axes(mounting: Mounting | None) -> Floats64:
    """
    Return the level frame's axes as columns (3, 3) in the optical frame: right, down, forward.

    Without a mounting the camera counts as level. For a camera that looks straight down, forward
    is where the top of its image points.
    """
    if mounting is None:
        return np.eye(3)
    down = np.asarray(mounting.down(), np.float64)
    forward = np.array([0.0, 0.0, 1.0]) - down[2] * down
    if np.linalg.norm(forward) < 1e-3:
        forward = np.array([0.0, -1.0, 0.0]) + down[1] * down
    forward /= np.linalg.norm(forward)
    return np.stack([np.cross(down, forward), down, forward], axis=1)


def locate(
    detections: Detections, ranges: Ranges, camera: CameraModel, mounting: Mounting | None = None
) -> Obstacles:
    """
    Return the detections that have a range as obstacles.

    The face of each stands upright at its range and covers what its box covers there. With a
    mounting it reaches down to the floor, unless the object is seen to hang above the robot.
    """
    rows = np.flatnonzero(np.isfinite(ranges.forward_m))
    if not rows.size:
        return Obstacles.empty()
    axes = level_axes(mounting)
    seen = _directions(camera, detections.boxes_xyxy[rows].astype(np.float64)) @ axes
    anchor = np.where(ranges.methods[rows] == Method.GROUND_PLANE, BOTTOM, CENTRE)
    depths = ranges.forward_m[rows] * seen[np.arange(rows.size), anchor, 2]
    # Beyond the edge of a fisheye's image circle a range has no direction.
    known = np.isfinite(depths)
    rows, seen, depths = rows[known], seen[known], np.maximum(depths[known], NEAREST_M)
    left, top, right, bottom = _face(seen, depths)
    overhead = np.zeros(rows.size, bool)
    if mounting is not None:
        # Of a box that the image border cuts nobody knows how far down it goes.
        overhead = ~ranges.clamped[rows] & _hangs(seen, bottom, mounting.height_m)
        bottom = np.where(overhead, bottom, mounting.height_m)
    corners, centres, sizes = _boxes_behind(left, top, right, bottom, depths)
    return Obstacles(
        _float32(corners @ axes.T), _float32(centres @ axes.T), _float32(sizes), _float32(axes),
        detections.scores[rows], detections.class_ids[rows], ranges.std_m[rows],
        ranges.clamped[rows], overhead, rows,
    )


def face_points(obstacles: Obstacles, spacing_m: float = 0.05, min_points: int = 6) -> Floats:
    """
    Return points (P, 3), float32, optical frame, on every visible face, from the floor up.

    The points stand in columns, ``spacing_m`` apart but at most 32 per face. Each column has a
    point at the bottom, ``min_points`` from 0.1 to 0.4 m above it, and at most 5 more up to the
    top. So one column inside a polygon of Nav2's collision monitor triggers it (its default
    ``min_points`` is 4, its heights are 0.05 to 0.5 m), even where a wrong mounting puts the
    points 0.15 m too low or 0.2 m too high.
    Lower faces are raised to 0.4 m: what was detected and ranged is meant to be seen.
    """
    low = np.concatenate([[0.0], np.linspace(*FLOOR_BAND_M, min_points)])
    rest = obstacles.sizes_m[:, 1] - FLOOR_BAND_M[1]
    upper = np.clip(np.ceil(rest / UPPER_SPACING_M), 0, MAX_UPPER_ROWS).astype(np.intp)
    columns = np.ceil(obstacles.sizes_m[:, 0] / spacing_m).astype(np.intp) + 1
    columns = np.clip(columns, 2, MAX_COLUMNS)
    face, row, column = _grids(low.size + upper, columns)
    step = (rest / np.maximum(upper, 1))[face]
    height = np.where(
        row < low.size, low[np.minimum(row, low.size - 1)],
        FLOOR_BAND_M[1] + (row - low.size + 1) * step,
    )
    across = column / (columns[face] - 1)
    start, end = obstacles.corners_m[:, 3], obstacles.corners_m[:, 2]
    points = start[face] + (end - start)[face] * across[:, None]
    return _float32(points - height[:, None] * obstacles.axes[:, 1])


def _grids(rows: Indices, columns: Indices) -> tuple[Indices, Indices, Indices]:
    """Return face, row and column of each point of many grids, one after the other."""
    counts = rows * columns
    face = np.repeat(np.arange(counts.size), counts)
    place = np.arange(face.size) - np.repeat(np.cumsum(counts) - counts, counts)
    row, column = np.divmod(place, columns[face])
    return face, row, column


def _directions(camera: CameraModel, boxes: Floats64) -> Floats64:
    """Return directions (M, 9, 3) of z = 1, optical frame, through a 3x3 grid over each box."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    x = np.stack([boxes[:, 0], middle[:, 0], boxes[:, 2]], axis=1)
    y = np.stack([boxes[:, 1], middle[:, 1], boxes[:, 3]], axis=1)
    points = np.stack([np.tile(x, 3), np.repeat(y, 3, axis=1)], axis=-1)
    rays = camera.rays(points.reshape(-1, 2)).reshape(-1, 9, 2)
    return np.concatenate([rays, np.ones((len(boxes), 9, 1))], axis=-1)


def _face(seen: Floats64, depths: Floats64) -> tuple[Floats64, ...]:
    """
    Return left, top, right, bottom (M,), metres: what each box covers of its upright plane.

    The middles of its sides say so: its corners are no part of the object when the camera is
    tilted. Where the image circle ends before the side does, the outermost point seen counts.
    """
    scale = depths[:, None] / np.maximum(seen[..., 2], STEEPEST)
    across, down = seen[..., 0] * scale, seen[..., 1] * scale
    sides = across[:, LEFT], down[:, TOP], across[:, RIGHT], down[:, BOTTOM]
    outermost = (
        np.nanmin(across, axis=1), np.nanmin(down, axis=1),
        np.nanmax(across, axis=1), np.nanmax(down, axis=1),
    )
    return tuple(np.where(np.isnan(side), most, side) for side, most in zip(sides, outermost))


def _hangs(seen: Floats64, bottom: Floats64, camera_m: float) -> npt.NDArray[np.bool_]:
    """
    Return which objects (M,) are seen to hang above the robot; camera_m is the camera's height.

    What stands on the floor ends below the horizon, whatever its range. Only an object that is
    wholly above the horizon can hang, and then its range says how high.
    """
    above_horizon = np.nanmax(seen[..., 1], axis=1) < 0
    hangs: npt.NDArray[np.bool_] = above_horizon & (camera_m - bottom > OVERHEAD_M)
    return hangs


def _boxes_behind(
    left: Floats64, top: Floats64, right: Floats64, bottom: Floats64, depths: Floats64
) -> tuple[Floats64, Floats64, Floats64]:
    """Return the faces' corners (M, 4, 3) and the centres and sizes (M, 3), level frame."""
    thickness = np.clip(right - left, THINNEST_M, THICKEST_M)
    top = np.minimum(top, bottom - SMALLEST_FACE_M)
    corners = np.stack([
        np.stack([left, right, right, left], axis=1),
        np.stack([top, top, bottom, bottom], axis=1),
        np.repeat(depths[:, None], 4, axis=1),
    ], axis=-1)
    centres = corners[:, ::2].mean(axis=1)
    centres[:, 2] += thickness / 2
    return corners, centres, np.stack([right - left, bottom - top, thickness], axis=1)


def _float32(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, np.float32)
