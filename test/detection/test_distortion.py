# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Distortion is undone exactly, or the point is known to be nowhere."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.camera_model import CameraModel
from compressed_detector.detection.distortion import undistort
from compressed_detector.detection.projection import project

# Lenses as they are on robots; the strengths of calibrations that ROS users publish.
LENSES = {
    'webcam': ('plumb_bob', (0.08, -0.2, 0.001, -0.002, 0.05)),
    'without k3': ('plumb_bob', (-0.35, 0.12, 0.002, 0.001)),
    'wide angle': ('plumb_bob', (-0.3, 0.1, 0.0003, -0.0002, -0.012)),
    'rational': ('rational_polynomial', (0.7, -2.5, 0.0007, -0.0002, 1.6, 0.6, -2.3, 1.5)),
    'thin prism': (
        'rational_polynomial',
        (-0.2, 0.05, 0.001, 0.0, 0.01, 0.05, 0.02, 0.001, 0.002, -0.001, 0.001, 0.0005),
    ),
    'no tilt': (
        'rational_polynomial',
        (-0.2, 0.05, 0.001, 0.0, 0.01, 0.05, 0.02, 0.001, 0.002, 0.0, 0.001, 0.0, 0.0, 0.0),
    ),
    'fisheye': ('equidistant', (-0.01, 0.02, -0.015, 0.003)),
    'ideal fisheye': ('equidistant', ()),
    'ideal': ('plumb_bob', (0.0,) * 5),
}


@pytest.mark.parametrize('lens', LENSES)
@given(st.lists(st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6)), min_size=1, max_size=20))
def test_undistorting_inverts_the_projection_of_opencv(
    lens: str, rays: list[tuple[float, float]]
) -> None:
    camera = CameraModel(640, 480, 400.0, 410.0, 322.0, 236.0, *LENSES[lens])
    pixels = project(camera, [(x, y, 1.0) for x, y in rays])
    np.testing.assert_allclose(camera.rays(pixels), rays, atol=1e-7)


@given(st.floats(0.0, 1.45), st.floats(-math.pi, math.pi))
def test_fisheye_is_undone_up_to_83_degrees_off_the_axis(angle: float, around: float) -> None:
    camera = CameraModel(640, 480, 200.0, 200.0, 319.5, 239.5, *LENSES['fisheye'])
    ray = math.tan(angle) * np.array([math.cos(around), math.sin(around)])
    found = camera.rays(project(camera, [(*ray, 1.0)]))[0]
    np.testing.assert_allclose(found, ray, rtol=1e-5, atol=1e-7)


def test_point_beyond_the_fold_of_a_barrel_is_nowhere() -> None:
    # r (1 - r^2 / 2) is largest at r = sqrt(2 / 3), where it is sqrt(2 / 3) * 2 / 3 = 0.5443.
    edge = math.sqrt(2 / 3)
    points = np.array([[0.544, 0.0], [0.0, -0.5444], [3.0, 4.0]])
    inside, beyond, far = undistort('plumb_bob', (-0.5, 0.0, 0.0, 0.0), points)
    assert 0.97 * edge < inside[0] < edge
    assert np.isnan([*beyond, *far]).all()


def test_ray_from_beyond_the_fold_is_never_the_answer() -> None:
    # This polynomial folds at a radius of 1.107; (-1.340, -0.889) is seen at this point, too.
    folded = (0.39, -0.17, 0.0, 0.0, -0.09)
    camera = CameraModel(640, 480, 1.0, 1.0, -0.5, -0.5, 'plumb_bob', folded)
    point = [(0.92, 0.61)]
    np.testing.assert_allclose(project(camera, [(-1.34044, -0.88877, 1.0)]), point, atol=1e-4)
    assert not np.hypot(*camera.rays(point)[0]) > 1.108


def test_ideal_fisheye_sees_the_angle_that_its_radius_is() -> None:
    one, right_angle = undistort('equidistant', (), np.array([[0.6, 0.8], [math.pi / 2, 0.0]]))
    np.testing.assert_allclose(one, math.tan(1.0) * np.array([0.6, 0.8]))
    assert np.isnan(right_angle).all()


@pytest.mark.parametrize('lens', LENSES)
def test_centre_is_undistorted_and_points_that_are_no_numbers_stay_so(lens: str) -> None:
    model, coefficients = LENSES[lens]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        centre, *others = undistort(
            model, coefficients, np.array([[0.0, 0.0], [math.nan, 0.0], [0.1, math.nan]])
        )
    np.testing.assert_allclose(centre, 0.0, atol=1e-12)
    assert all(np.isnan(other).any() for other in others)


@pytest.mark.parametrize('lens', LENSES)
def test_no_points_are_a_value(lens: str) -> None:
    assert undistort(*LENSES[lens], np.zeros((0, 2))).shape == (0, 2)


@pytest.mark.parametrize('lens', LENSES)
@given(st.tuples(st.floats(-4, 4), st.floats(-4, 4)))
def test_point_anywhere_is_either_exact_or_nowhere(
    lens: str, point: tuple[float, float]
) -> None:
    camera = CameraModel(640, 480, 1.0, 1.0, -0.5, -0.5, *LENSES[lens])
    ray = camera.rays([point])[0]
    if np.isnan(ray).any():
        return
    # From the axis to the ray, what lies farther out is seen farther out: nothing was folded.
    path = np.linspace(0, 1, 200)[:, None] * ray
    seen = project(camera, np.insert(path, 2, 1.0, axis=1))
    np.testing.assert_allclose(seen[-1], point, atol=1e-5)
    assert (np.diff(np.hypot(*seen.T)) >= -1e-3 * np.hypot(*point)).all()
