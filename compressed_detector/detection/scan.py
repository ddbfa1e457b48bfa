# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Obstacles as a planar scan, which is how a costmap learns that a place has become free.

The scan is taken in the *scan frame*: at the camera, x level forward, y left, z up (REP-103),
level however the camera is tilted. A beam is a distance to the nearest face, +inf where the
camera sees the floor as far as the scan reaches and there is nothing, NaN where it does not see
that far (REP-117): a robot must not take unseen space for free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.camera_model import CameraModel, Floats64, Mounting
from compressed_detector.detection.obstacles import Obstacles, level_axes
from compressed_detector.detection.types import Floats
from compressed_detector.errors import RangingError

# Beyond this a face has no sensible place in a scan: 80 degrees off the level forward axis.
WIDEST_RAD = 1.4
BORDER_SAMPLES = 33
SHRINK_STEPS = 65


@dataclass(frozen=True)
class ScanSettings:
    """
    Nearest and farthest range (m) that the scan reports, and the angle (rad) between beams.

    The angle times the range is the gap between beams at their ends: beyond a costmap's cell,
    0.05 m, cells between the beams would never be cleared.
    """

    range_min_m: float = 0.05
    range_max_m: float = 20.0
    angle_increment_rad: float = 0.0025


@dataclass(frozen=True, eq=False)
class ScanView:
    """
    What of a scan stays the same from frame to frame.

    ``angles_rad``: float64 (B,), of the beams, counter-clockwise. ``unobstructed``: float32 (B,),
    the ranges when there is no obstacle: +inf or NaN. ``floor_ahead_m``: from where to where the
    camera sees the floor straight ahead; (0, inf) when the mounting is not known.
    """

    settings: ScanSettings
    angles_rad: Floats64
    unobstructed: Floats
    floor_ahead_m: tuple[float, float]

    @classmethod
    def of(
        cls, camera: CameraModel, mounting: Mounting | None, settings: ScanSettings
    ) -> ScanView:
        """
        Return the view of a camera; without a mounting it counts as level.

        Raises RangingError when no beam of the scan is in view.
        """
        axes = level_axes(mounting)
        outline = _outline(camera)
        level = np.concatenate([outline, np.ones((len(outline), 1))], axis=1) @ axes
        ahead = level[level[:, 2] > 0]
        widest = np.arctan2(-ahead[:, 0], ahead[:, 2])
        step = settings.angle_increment_rad
        low, high = np.clip(
            [widest.min(initial=np.inf), widest.max(initial=-np.inf)], -WIDEST_RAD, WIDEST_RAD
        )
        angles = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
        if not angles.size:
            raise RangingError(
                f'camera: expected a camera that sees something ahead, got {camera!r:.300}; is it '
                'calibrated, and does it look forward?'
            )
        height = 0.0 if mounting is None else mounting.height_m
        far = settings.range_max_m
        floor = np.stack(
            [-far * np.sin(angles), np.full(angles.size, height), far * np.cos(angles)], axis=1
        )
        unobstructed = np.where(_inside(floor @ axes.T, outline), np.inf, np.nan)
        return cls(
            settings, angles, unobstructed.astype(np.float32),
            _floor_ahead(outline, axes, height),
        )


def scan_ranges(obstacles: Obstacles, view: ScanView) -> Floats:
    """
    Return the range of each beam (B,), float32, metres.

    A face covers every beam between its edges and the next one on either side, so that none is
    too narrow to be seen. What is nearer than range_min_m is reported at that distance.
    """
    faces = obstacles.corners_m[~obstacles.overhead] @ obstacles.axes
    step, angles = view.settings.angle_increment_rad, view.angles_rad
    left, right = (
        (np.arctan2(-faces[:, corner, 0], faces[:, corner, 2]) - angles[0]) / step
        for corner in (0, 1)
    )
    # A hair's breadth, so that rounding does not add a beam to an edge that lies on one; and what
    # is seen at the very border of the image belongs to the outermost beam.
    first = np.minimum(np.floor(right + 1e-3), angles.size - 1)
    last = np.maximum(np.ceil(left - 1e-3), 0)
    beams = np.arange(angles.size)
    covered = (beams >= first[:, None]) & (beams <= last[:, None])
    distances = faces[:, 0, 2:] / np.cos(angles)
    nearest = np.where(covered, distances, np.inf).min(axis=0, initial=np.inf)
    nearest = np.maximum(nearest, view.settings.range_min_m).astype(np.float32)
    ranges: Floats = np.where(
        nearest < np.float32(view.settings.range_max_m), nearest, view.unobstructed
    )
    return ranges


def scan_axes(axes: npt.ArrayLike) -> Floats64:
    """Return the columns forward, left, up (3, 3) for the columns right, down, forward."""
    right, down, forward = np.asarray(axes, np.float64).T
    return np.stack([forward, -right, -down], axis=1)


def _outline(camera: CameraModel) -> Floats64:
    """Return the border of what the camera sees (N, 2) as normalized x, y, in order."""
    along = np.linspace(0.0, 1.0, BORDER_SAMPLES)[:-1]
    ones, zeros = np.ones_like(along), np.zeros_like(along)
    border = np.concatenate([
        np.stack(side, axis=1)
        for side in ((along, zeros), (ones, along), (1 - along, ones), (zeros, 1 - along))
    ]) * (camera.width, camera.height)
    # Where a fisheye's image circle ends inside the image, the border is on the way to the centre.
    centre = np.array([camera.cx, camera.cy])
    shrink = np.linspace(1.0, 0.0, SHRINK_STEPS)[:, None, None]
    rays = camera.rays((centre + shrink * (border - centre)).reshape(-1, 2))
    rays = rays.reshape(SHRINK_STEPS, -1, 2)
    outermost = np.argmax(np.isfinite(rays).all(axis=-1), axis=0)
    outline: Floats64 = rays[outermost, np.arange(rays.shape[1])]
    return outline


def _inside(points: Floats64, outline: Floats64) -> npt.NDArray[np.bool_]:
    """Return which points (N, 3), optical frame, lie in view (even-odd rule)."""
    before = points[:, 2] > 0
    x, y = (points[:, :2] / np.where(before, points[:, 2], 1.0)[:, None]).T[..., None]
    x0, y0 = outline.T
    x1, y1 = np.roll(outline, -1, axis=0).T
    with np.errstate(divide='ignore', invalid='ignore'):
        crosses = ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    inside: npt.NDArray[np.bool_] = before & (crosses.sum(axis=1) % 2 == 1)
    return inside


def _floor_ahead(outline: Floats64, axes: Floats64, camera_m: float) -> tuple[float, float]:
    """Return from where to where (m) the floor is in view, on the level forward axis."""
    start = np.concatenate([outline, np.ones((len(outline), 1))], axis=1) @ axes
    end = np.roll(start, -1, axis=0)
    crossing = (start[:, 0] > 0) != (end[:, 0] > 0)
    start, end = start[crossing], end[crossing]
    share = start[:, :1] / (start[:, :1] - end[:, :1])
    _, down, forward = (start + share * (end - start)).T
    with np.errstate(divide='ignore', invalid='ignore'):
        distances = np.where(down > 0, camera_m * forward / down, np.inf)
    return max(float(distances.min(initial=np.inf)), 0.0), float(distances.max(initial=0.0))
