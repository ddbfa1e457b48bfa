# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How far ahead detected objects are: from a depth image, or from the floor they stand on.

Every range has a method and a standard deviation, and every function takes all detections of an
image at once.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.config import RangingSettings
from compressed_detector.detection.camera_model import CameraModel, Floats64, Mounting
from compressed_detector.detection.depth_image import sample_depth_m
from compressed_detector.detection.types import Floats

Flags = npt.NDArray[np.bool_]

# Of a normal distribution: standard deviation by median absolute deviation.
_SIGMA_BY_MAD = 1.4826


class Method(enum.IntEnum):
    """What a range was derived from."""

    NONE = 0
    DEPTH = 1
    GROUND_PLANE = 2


@dataclass(frozen=True, eq=False)
class Ranges:
    """
    How far ahead the near face of each of N objects is.

    ``forward_m``: float32 (N,), metres along z of the optical frame, NaN where unknown.
    ``std_m``: float32 (N,), its standard deviation, NaN where unknown. ``methods``: uint8 (N,),
    of Method. ``clamped``: bool (N,), the left, right or lower border of the image cuts the box:
    what is hidden may be nearer. There forward_m is the near end of what the picture allows.

    Raises ValueError when the columns do not belong together.
    """

    forward_m: Floats
    std_m: Floats
    methods: npt.NDArray[np.uint8]
    clamped: Flags

    def __post_init__(self) -> None:
        shape = (np.size(self.forward_m),)
        for name, dtype in (
            ('forward_m', np.float32),
            ('std_m', np.float32),
            ('methods', np.uint8),
            ('clamped', np.bool_),
        ):
            column = np.asarray(getattr(self, name), dtype)
            if column.shape != shape:
                raise ValueError(f'expected {name} of shape {shape}, got {column.shape}')
            object.__setattr__(self, name, column)

    @classmethod
    def unknown(cls, count: int) -> Ranges:
        """Return ranges of count objects of which nothing is known."""
        nothing = np.full(count, np.nan, np.float32)
        return cls(nothing, nothing, np.zeros(count, np.uint8), np.zeros(count, np.bool_))

    @classmethod
    def empty(cls) -> Ranges:
        """Return the ranges of no objects: shapes (0,)."""
        return cls.unknown(0)

    def __len__(self) -> int:
        return len(self.forward_m)

    def __getitem__(self, index: Any) -> Ranges:
        """Select rows by a slice, an index array (N,) or a boolean mask (N,)."""
        return Ranges(
            self.forward_m[index], self.std_m[index], self.methods[index], self.clamped[index]
        )


def combine(first: Ranges, second: Ranges) -> Ranges:
    """Return first where it knows a range, else second; raises ValueError on other lengths."""
    if len(first) != len(second):
        raise ValueError(f'expected {len(first)} ranges to combine with, got {len(second)}')
    known = first.methods != Method.NONE
    return Ranges(
        np.where(known, first.forward_m, second.forward_m),
        np.where(known, first.std_m, second.std_m),
        np.where(known, first.methods, second.methods),
        np.where(known, first.clamped, second.clamped),
    )


def from_depth(
    boxes_xyxy: npt.ArrayLike,
    depth: npt.NDArray[Any],
    image_size: tuple[int, int],
    settings: RangingSettings,
) -> Ranges:
    """
    Return the ranges of boxes (N, 4) in an image of size (width, height) from its depth image.

    depth (h, w) shows the same view, in any resolution: uint16 millimetres, 0 unknown, or
    float32 metres, NaN, infinite or not positive unknown (REP 118). A range is a low percentile
    of the readings in the middle of the box, so that neither the background nor a few wrong
    readings decide; its standard deviation is sqrt(s^2 + (f range)^2 + (1.4826 MAD)^2) with
    s = depth_sigma, f = depth_sigma_fraction and the readings' median absolute deviation from
    the range. With too few valid readings the range is unknown.

    Raises RangingError for a depth image of another kind or view.
    """
    boxes, valid, sides = _inside(boxes_xyxy, image_size, settings)
    readings = sample_depth_m(boxes, depth, image_size, settings.depth_central_fraction)
    readings[~((readings >= settings.range_min) & (readings <= settings.range_max))] = np.inf
    readings.sort(axis=1)
    counts = np.isfinite(readings).sum(axis=1)
    known = valid & (counts >= max(1.0, settings.depth_min_valid_fraction * readings.shape[1]))
    ranks = np.rint(settings.depth_percentile / 100 * np.maximum(counts - 1, 0)).astype(np.intp)
    forward = np.where(known, readings[np.arange(len(boxes)), ranks], np.nan)
    deviations = np.sort(np.abs(readings - forward[:, None]), axis=1)
    spread = _SIGMA_BY_MAD * deviations[np.arange(len(boxes)), np.maximum(counts - 1, 0) // 2]
    noise = np.hypot(settings.depth_sigma, settings.depth_sigma_fraction * forward)
    return _ranges(forward, np.hypot(noise, spread), known, _any(sides), Method.DEPTH)


def from_ground_plane(
    boxes_xyxy: npt.ArrayLike, camera: CameraModel, mounting: Mounting, settings: RangingSettings
) -> Ranges:
    """
    Return the ranges of boxes (N, 4) whose objects stand on the flat floor under the camera.

    The ray d = (x, y, 1) through the middle of a box's bottom meets the floor at
    z = height / g with g = d . down. A box whose bottom lies above the horizon, or whose floor
    is farther than range_max, has no range. The standard deviation is first-order propagation:
    std = z / g sqrt((dg/dv s_v)^2 + (dg/dpitch s_t)^2 + (dg/droll s_t)^2 + (g_l - g_r)^2 / 12)
    with s_v = box_sigma, s_t = tilt_sigma, and the last term for not knowing where between the
    left and the right end of the bottom the object stands: zero for an upright ideal camera.

    A box that the image bottom cuts stands nearer than the nearest floor in the picture, near:
    it is placed at min(range_min, near) + f (near - min(range_min, near)), f =
    cut_range_fraction, with the standard deviation about that place of a uniform distribution
    over that interval. One that only a side cuts has the nearest range along its bottom.
    """
    boxes, valid, sides = _inside(boxes_xyxy, (camera.width, camera.height), settings)
    cut, cut_below = _any(sides), sides[:, 2]
    boxes[cut_below, 3] = camera.height
    directions = _bottom_directions(boxes, camera)
    slopes = directions @ mounting.down()
    with np.errstate(all='ignore'):
        # The steepest of the rays meets the nearest floor.
        slope = np.where(cut, np.fmax.reduce(slopes[:3]), slopes[0])
        visible = mounting.height_m / slope
        std = visible / slope * _slope_sigma(directions, slopes, camera, mounting, settings)
        known = valid & (slope > 0) & (visible <= settings.range_max)
        forward, std = _place_cut(visible, std, cut_below, settings)
    return _ranges(forward, std, known, cut, Method.GROUND_PLANE)


def _inside(
    boxes_xyxy: npt.ArrayLike, image_size: tuple[int, int], settings: RangingSettings
) -> tuple[Floats64, Flags, Flags]:
    """
    Return boxes (N, 4) clipped to the image, which are valid (N,), and what cuts them (N, 3).

    The columns of the latter: left, right, lower border. An invalid box, which is not finite,
    empty or outside of the image, becomes zeros.
    """
    width, height = image_size
    boxes = np.asarray(boxes_xyxy, np.float64).reshape(-1, 4)
    clipped = np.clip(np.nan_to_num(boxes), 0, (width, height, width, height))
    empty = clipped[:, 2:] <= clipped[:, :2]
    valid = ~_any(np.hstack([~np.isfinite(boxes), empty]))
    clipped[~valid] = 0
    margin = settings.border_margin * max(width, height)
    cut_left, cut_right = clipped[:, 0] <= margin, clipped[:, 2] >= width - margin
    return clipped, valid, np.stack([cut_left, cut_right, clipped[:, 3] >= height - margin], 1)


def _any(flags: Flags) -> Flags:
    """Return which rows (N,) of flags (N, M) have one set."""
    rows: Flags = np.logical_or.reduce(flags, axis=1)
    return rows


def _bottom_directions(boxes: Floats64, camera: CameraModel) -> Floats64:
    """
    Return the directions (x, y, 1) of four points of every box: (4, N, 3).

    The points: middle, left and right of the bottom, and one pixel above the middle.
    """
    left, _, right, bottom = boxes.T
    middle = (left + right) / 2
    u, v = np.stack([middle, left, right, middle]), np.stack([bottom, bottom, bottom, bottom - 1])
    rays = camera.rays(np.stack([u, v], axis=-1).reshape(-1, 2)).reshape(4, -1, 2)
    return np.concatenate([rays, np.ones((4, len(boxes), 1))], axis=2)


def _slope_sigma(
    directions: Floats64,
    slopes: Floats64,
    camera: CameraModel,
    mounting: Mounting,
    settings: RangingSettings,
) -> Floats64:
    """Return the standard deviation (N,) of g, see from_ground_plane."""
    middle, left, right, above = np.nan_to_num(slopes)
    box = (middle - above) * settings.box_sigma * max(camera.width, camera.height)
    tilt = np.nan_to_num(directions[0]) @ mounting.tilt_derivatives() * settings.tilt_sigma
    edge = (left - right) / math.sqrt(12)
    sigma: Floats64 = np.sqrt(box**2 + (tilt**2).sum(axis=1) + edge**2)
    return sigma


def _place_cut(
    visible: Floats64, std: Floats64, cut_below: Flags, settings: RangingSettings
) -> tuple[Floats64, Floats64]:
    """Return range and standard deviation (N,), those of boxes cut below placed nearer."""
    nearest = np.minimum(settings.range_min, visible)
    room, part = visible - nearest, settings.cut_range_fraction
    # Mean square distance from `part` of a uniform distribution over 0 to 1.
    uniform = room * math.sqrt(1 / 3 - part + part**2)
    return (
        np.where(cut_below, nearest + part * room, visible),
        np.where(cut_below, np.hypot(uniform, std), std),
    )


def _ranges(
    forward: Floats64, std: Floats64, known: Flags, cut: Flags, method: Method
) -> Ranges:
    return Ranges(
        np.where(known, forward, np.nan).astype(np.float32),
        np.where(known, std, np.nan).astype(np.float32),
        np.where(known, method, Method.NONE).astype(np.uint8),
        known & cut,
    )
