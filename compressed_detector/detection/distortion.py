# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Lens distortion, undone, for the models that sensor_msgs/CameraInfo names.

``plumb_bob`` and ``rational_polynomial`` are OpenCV's pinhole model, ``equidistant`` is its
fisheye model (Kannala and Brandt, PAMI 2006, eq. 6). All points here are normalized: pixels less
the principal point, divided by the focal length.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

NO_DISTORTION = ''
PLUMB_BOB = 'plumb_bob'
RATIONAL_POLYNOMIAL = 'rational_polynomial'
EQUIDISTANT = 'equidistant'

# How many coefficients each model may have. None at all means: an ideal lens of that kind.
COEFFICIENT_COUNTS = {
    NO_DISTORTION: (0,),
    PLUMB_BOB: (0, 4, 5),
    RATIONAL_POLYNOMIAL: (0, 8, 12, 14),
    EQUIDISTANT: (0, 4),
}

_ITERATIONS = 15
# A hundredth of a pixel at a focal length of 10,000 pixels, before the last step of Newton's
# method, which squares it.
_CONVERGED = 1e-6
# Where the search for a fold ends: 86 degrees off the axis for a pinhole lens.
_FARTHEST_RADIUS = 15.0
_SAMPLES = 20_000
# tan() of anything beyond this has left the precision of a pixel.
_WIDEST_ANGLE = np.pi / 2 - 1e-3


def undistort(model: str, coefficients: tuple[float, ...], points: Points) -> Points:
    """
    Return the undistorted points (N, 2) of distorted normalized points (N, 2).

    A point that no ray in front of the lens can reach is NaN: outside the image circle, at 90
    degrees or more from the axis, or beyond the radius at which the polynomial folds back.
    """
    # A row that is not finite stays so, and needs no warning for it.
    with np.errstate(all='ignore'):
        if model == EQUIDISTANT:
            return _undistort_equidistant(coefficients or (0.0,) * 4, points)
        if not any(coefficients):
            return points
        return _undistort_polynomial(coefficients, points)


def _undistort_polynomial(coefficients: tuple[float, ...], points: Points) -> Points:
    fold, reach = _polynomial_fold(coefficients)
    # Left in, the few unreachable points would keep all others iterating.
    target_x, target_y = np.where(np.hypot(*points.T) < reach, points.T, np.nan)
    x, y = target_x, target_y
    for _ in range(_ITERATIONS):
        distorted_x, distorted_y, xx, xy, yx, yy = _distort_polynomial(coefficients, x, y)
        error_x, error_y = distorted_x - target_x, distorted_y - target_y
        error = np.abs(error_x) + np.abs(error_y)
        determinant = xx * yy - xy * yx
        x = x - (yy * error_x - xy * error_y) / determinant
        y = y - (xx * error_y - yx * error_x) / determinant
        if not np.any(error > _CONVERGED):
            break
    reached = (error <= _CONVERGED) & (np.hypot(x, y) <= fold)
    return np.where(reached[:, None], np.stack([x, y], axis=1), np.nan)


def _distort_polynomial(
    coefficients: tuple[float, ...], x: Points, y: Points
) -> tuple[Points, ...]:
    """Return distorted x, distorted y and their derivatives: x by x, x by y, y by x, y by y."""
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = _padded(coefficients)
    x2, y2, double = x * x, y * y, 2 * x * y
    r2 = x2 + y2
    denominator = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / denominator
    # By the squared radius.
    growth = (
        k1 + r2 * (2 * k2 + r2 * 3 * k3) - radial * (k4 + r2 * (2 * k5 + r2 * 3 * k6))
    ) / denominator
    prism_x, prism_y = 2 * s1 + 4 * s2 * r2, 2 * s3 + 4 * s4 * r2
    shared = double * growth + 2 * (p1 * x + p2 * y)
    return (
        x * radial + p1 * double + p2 * (r2 + 2 * x2) + r2 * (s1 + s2 * r2),
        y * radial + p2 * double + p1 * (r2 + 2 * y2) + r2 * (s3 + s4 * r2),
        radial + 2 * x2 * growth + 2 * p1 * y + 6 * p2 * x + prism_x * x,
        shared + prism_x * y,
        shared + prism_y * x,
        radial + 2 * y2 * growth + 2 * p2 * x + 6 * p1 * y + prism_y * y,
    )


def _undistort_equidistant(coefficients: tuple[float, ...], points: Points) -> Points:
    k1, k2, k3, k4 = coefficients
    fold, reach = _equidistant_fold(coefficients)
    radius = np.hypot(*points.T)
    target = np.where(radius < reach, radius, np.nan)
    angle = np.minimum(target, fold)
    for _ in range(_ITERATIONS):
        a2 = angle * angle
        error = angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4)))) - target
        angle = angle - error / (
            1 + a2 * (3 * k1 + a2 * (5 * k2 + a2 * (7 * k3 + a2 * 9 * k4)))
        )
        if not np.any(np.abs(error) > _CONVERGED):
            break
    reached = (np.abs(error) <= _CONVERGED) & (angle >= 0) & (angle <= fold)
    # On the axis both are zero and nothing is distorted.
    stretch = np.where(target > 0, np.tan(angle) / target, 1.0)
    return np.where(reached[:, None], points * stretch[:, None], np.nan)


def _padded(coefficients: tuple[float, ...]) -> tuple[float, ...]:
    """Return k1 k2 p1 p2 k3 k4 k5 k6 s1 s2 s3 s4, the order of OpenCV, without the tilt."""
    return (*coefficients, *(0.0,) * 12)[:12]


@functools.lru_cache(maxsize=16)
def _polynomial_fold(coefficients: tuple[float, ...]) -> tuple[float, float]:
    k1, k2, _, _, k3, k4, k5, k6, *_ = _padded(coefficients)
    radius = np.linspace(0.0, _FARTHEST_RADIUS, _SAMPLES)
    r2 = radius * radius
    numerator = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    return _first_fold(radius, radius * numerator / (1 + r2 * (k4 + r2 * (k5 + r2 * k6))))


@functools.lru_cache(maxsize=16)
def _equidistant_fold(coefficients: tuple[float, ...]) -> tuple[float, float]:
    k1, k2, k3, k4 = coefficients
    angle = np.linspace(0.0, _WIDEST_ANGLE, _SAMPLES)
    a2 = angle * angle
    return _first_fold(angle, angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4)))))


def _first_fold(angles: Points, radii: Points) -> tuple[float, float]:
    """
    Return up to which angle a larger one lies farther out in the image, and its radius there.

    What lies beyond that angle is seen a second time, on top of what lies before it.
    """
    rising = np.diff(radii) > 0
    last = len(rising) if rising.all() else int(np.argmin(rising))
    return float(angles[last]), float(radii[last])
