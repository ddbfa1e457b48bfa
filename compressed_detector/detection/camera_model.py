# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where in space a pixel looks: the intrinsics of a camera, and how it is mounted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.distortion import (
    COEFFICIENT_COUNTS,
    NO_DISTORTION,
    undistort,
)
from compressed_detector.errors import RangingError

Floats64 = npt.NDArray[np.float64]

# Beyond this two pictures do not differ in scale: one of them is a crop. Rounding a binned or
# decimated picture to whole (often even) pixels stays below it.
_ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True)
class CameraModel:
    """
    The projection of one camera, as sensor_msgs/CameraInfo describes it.

    ``width``, ``height``: of the image, pixels. ``fx``, ``fy``, ``cx``, ``cy``: pixels, where
    whole numbers are pixel centres (OpenCV's and ROS' convention). ``distortion``: the
    coefficients of ``distortion_model`` in OpenCV's order; none means an ideal lens.

    Raises RangingError for values that describe no camera.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion_model: str = 'plumb_bob'
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise RangingError(
                f'camera: expected an image size in pixels, got {self.width} x {self.height}'
            )
        intrinsics = (self.fx, self.fy, self.cx, self.cy)
        if not (all(map(math.isfinite, intrinsics)) and self.fx > 0 and self.fy > 0):
            raise RangingError(
                f'camera: expected finite fx, fy > 0 and finite cx, cy, got {intrinsics}; '
                'calibrate the camera, or let its driver load the calibration'
            )
        _check_distortion(self.distortion_model, self.distortion)

    @classmethod
    def from_camera_info(cls, info: Any, rectified: bool = False) -> CameraModel:
        """
        Return the model of the images that come with a sensor_msgs/CameraInfo.

        Its region of interest and binning are applied: K describes the full sensor. rectified
        is for images that image_proc has already rectified: their camera_info still carries the
        lens of the raw image in K and D, and P holds what describes them. Takes anything with
        the message's fields; raises RangingError.
        """
        if rectified:
            (fx, _, cx, _), (_, fy, cy, _) = np.asarray(info.p, np.float64).reshape(3, 4)[:2]
            lens: dict[str, Any] = {'distortion_model': NO_DISTORTION}
        else:
            (fx, _, cx), (_, fy, cy) = np.asarray(info.k, np.float64).reshape(3, 3)[:2]
            coefficients = tuple(float(value) for value in info.d)
            lens = {'distortion_model': info.distortion_model, 'distortion': coefficients}
        roi = info.roi
        region = cls(
            int(roi.width or info.width), int(roi.height or info.height),
            float(fx), float(fy), float(cx) - roi.x_offset, float(cy) - roi.y_offset, **lens,
        )
        # "0 is considered the same as 1", says the message's definition.
        width = region.width // (info.binning_x or 1)
        height = region.height // (info.binning_y or 1)
        return region._resized(width, height)

    def scaled(self, width: int, height: int) -> CameraModel:
        """
        Return the model of the same view in an image of another size, in pixels.

        Raises RangingError when the aspect ratio differs: then the image shows another part of
        the view, and nothing says which.
        """
        require_same_view((self.width, self.height), (width, height), 'camera_info', 'image')
        return self._resized(width, height)

    def rays(self, points_uv: npt.ArrayLike) -> Floats64:
        """
        Return where points (N, 2) of the image look: (N, 2) x and y of the direction (x, y, 1).

        Points are in pixels, (0, 0) is the outer corner of the first pixel, as in boxes.
        Directions are in the optical frame of REP-103: x right, y down, z forward. A point that
        no ray in front of the lens can reach is NaN.
        """
        # Intrinsics count from the centre of the first pixel, boxes from its corner.
        points = np.asarray(points_uv, np.float64).reshape(-1, 2) - 0.5
        normalized = (points - (self.cx, self.cy)) / (self.fx, self.fy)
        return undistort(self.distortion_model, self.distortion, normalized)

    def _resized(self, width: int, height: int) -> CameraModel:
        if width <= 0 or height <= 0:
            raise RangingError(f'camera: expected an image size, got {width} x {height}')
        x, y = width / self.width, height / self.height
        return replace(
            self, width=width, height=height, fx=self.fx * x, fy=self.fy * y,
            # Corners of pixels scale, their centres do not.
            cx=(self.cx + 0.5) * x - 0.5, cy=(self.cy + 0.5) * y - 0.5,
        )


@dataclass(frozen=True)
class Mounting:
    """
    How a camera looks at the flat floor below it.

    ``height_m``: of the lens above the floor. ``pitch_rad``: positive looks down. ``roll_rad``:
    positive is turned clockwise as seen from behind, pi is upside down. These are REP-103's
    signs of pitch and roll. Raises RangingError.
    """

    height_m: float
    pitch_rad: float = 0.0
    roll_rad: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.height_m < math.inf:
            raise RangingError(
                f'mounting: expected a camera above the floor, got a height of {self.height_m} m'
            )
        if not (abs(self.pitch_rad) <= math.pi / 2 and abs(self.roll_rad) <= math.pi):
            raise RangingError(
                'mounting: expected a pitch within 90 and a roll within 180 degrees in radians, '
                f'got pitch {self.pitch_rad} and roll {self.roll_rad}'
            )

    @classmethod
    def from_transform(cls, transform: Any) -> Mounting:
        """
        Return the mounting that a geometry_msgs/Transform states.

        The transform is that of the camera's optical frame in a frame whose z axis points up
        and whose origin lies on the floor, such as base_footprint. Raises RangingError.
        """
        rotation = transform.rotation
        x, y, z, w = np.array([rotation.x, rotation.y, rotation.z, rotation.w], np.float64)
        norm = x * x + y * y + z * z + w * w
        if not (norm > 0 and math.isfinite(norm)):
            raise RangingError(f'mounting: expected a rotation, got quaternion {(x, y, z, w)}')
        # The third row of the rotation matrix is up, seen from the optical frame.
        right = -2 * (x * z - y * w) / norm
        below = -2 * (y * z + x * w) / norm
        ahead = -(w * w - x * x - y * y + z * z) / norm
        return cls(
            float(transform.translation.z),
            math.asin(min(1.0, max(-1.0, ahead))),
            math.atan2(right, below),
        )

    def down(self) -> Floats64:
        """Return the direction of gravity (3,) in the optical frame, a unit vector."""
        return np.array([
            math.cos(self.pitch_rad) * math.sin(self.roll_rad),
            math.cos(self.pitch_rad) * math.cos(self.roll_rad),
            math.sin(self.pitch_rad),
        ])

    def tilt_derivatives(self) -> Floats64:
        """Return the derivatives (3, 2) of down by pitch and by roll, per radian."""
        sin_pitch, cos_pitch = math.sin(self.pitch_rad), math.cos(self.pitch_rad)
        sin_roll, cos_roll = math.sin(self.roll_rad), math.cos(self.roll_rad)
        return np.array([
            [-sin_pitch * sin_roll, cos_pitch * cos_roll],
            [-sin_pitch * cos_roll, -cos_pitch * sin_roll],
            [cos_pitch, 0.0],
        ])


def require_same_view(
    first: tuple[int, int], second: tuple[int, int], first_name: str, second_name: str
) -> None:
    """Raise RangingError unless two sizes (width, height) are of one aspect ratio."""
    if min(*first, *second) <= 0 or not (
        abs(first[0] * second[1] / (first[1] * second[0]) - 1) <= _ASPECT_TOLERANCE
    ):
        raise RangingError(
            f'{second_name}: expected the aspect ratio of the {first_name} ({first[0]} x '
            f'{first[1]}), got {second[0]} x {second[1]}; one of them is cropped: let both show '
            'the same view'
        )


def _check_distortion(model: str, coefficients: tuple[float, ...]) -> None:
    if model not in COEFFICIENT_COUNTS:
        raise RangingError(
            f'camera: expected a distortion model of {[*filter(None, COEFFICIENT_COUNTS)]} or '
            f'none, got {model!r:.60}'
        )
    counts = COEFFICIENT_COUNTS[model]
    if len(coefficients) not in counts or not all(map(math.isfinite, coefficients)):
        raise RangingError(
            f'camera: expected {" or ".join(map(str, counts))} finite distortion coefficients '
            f'for {model or "no distortion"!r}, got {coefficients!r:.200}'
        )
    if any(coefficients[12:]):
        raise RangingError(
            'camera: expected no tilted sensor (coefficients 13 and 14), '
            f'got {coefficients[12:]!r:.60}; calibrate without CALIB_TILTED_MODEL'
        )
