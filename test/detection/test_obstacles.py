# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Faces of obstacles, worked out by hand for cameras with round numbers."""

import math

import numpy as np
import pytest
from camera_rig import CAMERA, Rig, Thing, detections, ranges

from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.obstacles import (
    Obstacles,
    face_points,
    level_axes,
    locate,
)
from compressed_detector.detection.ranging import Method, Ranges
from compressed_detector.detection.types import Detections


def test_a_face_is_what_the_box_covers_at_its_range():
    # 0.5 m to the left, 1 m to the right, 0.2 m above, 0.8 m below the axis, 2 m ahead.
    found = locate(detections([275, 190, 350, 240]), ranges(2.0), CAMERA)
    np.testing.assert_allclose(
        found.corners_m[0],
        [[-0.5, -0.2, 2], [1, -0.2, 2], [1, 0.8, 2], [-0.5, 0.8, 2]], atol=1e-6,
    )
    # 1.5 m wide: as deep as the convention allows, one metre.
    np.testing.assert_allclose(found.sizes_m[0], [1.5, 1.0, 1.0], atol=1e-6)
    np.testing.assert_allclose(found.centres_m[0], [0.25, 0.3, 2.5], atol=1e-6)
    np.testing.assert_allclose(found.forward_m, [2.0])


@pytest.mark.parametrize(('width_m', 'depth_m'), [(0.1, 0.2), (0.6, 0.6), (3.0, 1.0)])
def test_the_depth_is_the_width_within_bounds(width_m, depth_m):
    half = 50 * width_m
    found = locate(detections([300 - half, 100, 300 + half, 300]), ranges(1.0), CAMERA)
    assert found.sizes_m[0, 2] == pytest.approx(depth_m)


def test_with_a_mounting_the_face_reaches_the_floor():
    # The lower edge of the box is 0.2 m below the axis, the floor 0.7 m.
    found = locate(detections([290, 190, 310, 210]), ranges(2.0), CAMERA, Mounting(0.7))
    np.testing.assert_allclose(found.corners_m[0, 2:, 1], 0.7, atol=1e-6)
    np.testing.assert_allclose(found.corners_m[0, :2, 1], -0.2, atol=1e-6)


def test_a_range_beyond_the_floor_does_not_push_the_face_below_it():
    # At 4 m the lower edge would lie 4 m below the axis, and even the upper edge 0.8 m.
    found = locate(detections([290, 220, 310, 300]), ranges(4.0), CAMERA, Mounting(0.7))
    np.testing.assert_allclose(found.corners_m[0, 2:, 1], 0.7, atol=1e-6)
    assert (found.corners_m[0, :2, 1] < 0.7).all()


def test_only_detections_with_a_range_are_obstacles_and_they_keep_their_row():
    found = locate(
        detections([0, 0, 9, 9], [290, 150, 310, 250], [0, 0, 9, 9]),
        ranges(np.nan, 2.0, np.nan), CAMERA,
    )
    assert found.rows.tolist() == [1]
    assert found.class_ids.tolist() == [1]
    np.testing.assert_allclose(found.scores, [0.7])
    np.testing.assert_allclose(found.std_m, [0.1])


@pytest.mark.parametrize('mounting', [None, Mounting(0.5)])
def test_no_detections_and_no_ranges_are_no_obstacles(mounting):
    nothing = locate(Detections.empty(), Ranges.empty(), CAMERA, mounting)
    unknown = locate(detections([0, 0, 9, 9]), Ranges.unknown(1), CAMERA, mounting)
    assert len(nothing) == len(unknown) == len(Obstacles.empty()) == 0
    assert face_points(nothing).shape == (0, 3)
    assert nothing.forward_m.shape == (0,)


def test_a_tilted_camera_sees_an_upright_face_on_the_floor():
    rig, thing = Rig(pitch_deg=20, height_m=1.0, x_m=0.0), Thing(3.0, y=0.2, depth=0.0, height=1.0)
    seen = rig.see([thing])
    # z of the middle of the bottom in the optical frame.
    forward = 3 * math.cos(math.radians(20)) + 1 * math.sin(math.radians(20))
    found = locate(
        seen, ranges(forward, method=Method.GROUND_PLANE), rig.camera, rig.mounting
    )
    to_base = rig.base_from_optical
    corners = found.corners_m[0] @ to_base[:3, :3].T + to_base[:3, 3]
    np.testing.assert_allclose(corners[:, 0], 3.0, atol=0.01)
    np.testing.assert_allclose(corners[:, 2], [1, 1, 0, 0], atol=0.02)
    np.testing.assert_allclose(corners[:, 1], [0.45, -0.05, -0.05, 0.45], atol=0.03)
    # The box behind the face stands upright, too: its depth is level.
    centre = found.centres_m[0] @ to_base[:3, :3].T + to_base[:3, 3]
    np.testing.assert_allclose(centre, [3.25, 0.2, 0.5], atol=0.03)


def test_depth_is_taken_at_the_centre_of_the_box_and_the_floor_at_its_bottom():
    mounting = Mounting(1.0, math.radians(30))
    box = detections([290, 200, 310, 300])  # rays from the axis to 45 degrees below it
    cos, sin = math.cos(math.radians(30)), math.sin(math.radians(30))
    by_depth = locate(box, ranges(1.0), CAMERA, mounting)
    by_floor = locate(box, ranges(1.0, method=Method.GROUND_PLANE), CAMERA, mounting)
    # The level distance of (x, y, 1) is cos - y sin.
    np.testing.assert_allclose(by_depth.forward_m, [cos - 0.5 * sin], atol=1e-6)
    np.testing.assert_allclose(by_floor.forward_m, [cos - 1.0 * sin], atol=1e-6)


@pytest.mark.parametrize(('pitch', 'roll'), [(0, 0), (20, 0), (-10, 15), (60, -30), (90, 0)])
def test_level_axes_are_a_rotation_whose_second_axis_is_gravity(pitch, roll):
    mounting = Mounting(1.0, math.radians(pitch), math.radians(roll))
    axes = level_axes(mounting)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    np.testing.assert_allclose(axes[:, 1], mounting.down(), atol=1e-12)
    # Forward is ahead of the camera or, when it looks straight down, where its top points.
    assert axes[2, 2] > 0 or axes[1, 2] < 0


def test_without_a_mounting_the_camera_counts_as_level():
    np.testing.assert_array_equal(level_axes(None), np.eye(3))


def test_what_hangs_above_the_robot_keeps_its_height():
    # 10 m away, 4.5 to 5.5 m above a camera at 1 m: a traffic light.
    light = detections([295, 145, 305, 155])
    found = locate(light, ranges(10.0), CAMERA, Mounting(1.0))
    assert found.overhead.tolist() == [True]
    np.testing.assert_allclose(found.corners_m[0, [0, 3], 1], [-5.5, -4.5], atol=1e-5)


@pytest.mark.parametrize(
    ('box', 'clamped', 'range_m', 'camera_m', 'why'),
    [
        ([295, 145, 305, 155], True, 10, 1, 'the border cuts it: it may reach farther down'),
        ([295, 145, 305, 210], False, 10, 1, 'it goes below the horizon: it may stand there'),
        ([295, 195, 305, 199], False, 10, 1, 'it is lower than 2 m'),
        ([295, 145, 305, 210], False, 2, 3, 'it goes below the horizon, whatever its range says'),
    ],
)
def test_whatever_may_stand_on_the_floor_is_drawn_down_to_it(
    box, clamped, range_m, camera_m, why
):
    found = locate(
        detections(box), ranges(range_m, clamped=clamped), CAMERA, Mounting(camera_m)
    )
    assert found.overhead.tolist() == [False], why
    np.testing.assert_allclose(found.corners_m[0, 2:, 1], camera_m, atol=1e-6)


def test_what_stands_below_the_camera_is_right_ahead_and_not_behind():
    # 60 degrees down, and the lower border of the image 63 degrees more: the floor behind.
    mounting = Mounting(1.0, math.radians(60))
    box = detections([290, 380, 310, 400])
    found = locate(box, ranges(1.0, method=Method.GROUND_PLANE), CAMERA, mounting)
    np.testing.assert_allclose(found.forward_m, [0.05], rtol=1e-5)
    assert np.isfinite(face_points(found)).all()


def test_a_box_partly_outside_the_image_circle_of_a_fisheye_is_located():
    camera = CameraModel(600, 400, 100.0, 100.0, 299.5, 199.5, 'equidistant')
    # Its left side is 200 pixels from the axis, 115 degrees: no ray comes from there.
    found = locate(detections([100, 190, 240, 210]), ranges(1.0), camera)
    assert np.isfinite(found.corners_m).all()
    # The middle of the upper side is 1.3 rad from the axis, that of the right side 0.6 rad.
    outermost = math.tan(math.hypot(1.3, 0.1)) * 1.3 / math.hypot(1.3, 0.1)
    np.testing.assert_allclose(found.corners_m[0, 0, 0], -outermost, rtol=1e-6)
    np.testing.assert_allclose(found.corners_m[0, 1, 0], -math.tan(0.6), rtol=1e-6)


def test_a_range_without_a_direction_is_no_obstacle():
    camera = CameraModel(600, 400, 100.0, 100.0, 299.5, 199.5, 'equidistant')
    assert len(locate(detections([10, 190, 60, 210]), ranges(1.0), camera)) == 0


def test_columns_of_another_length_are_refused():
    found = locate(detections([290, 150, 310, 250]), ranges(2.0), CAMERA)
    fields = {**vars(found), 'std_m': np.zeros(2)}
    with pytest.raises(ValueError, match=r'expected std_m of shape \(1,\), got \(2,\)'):
        Obstacles(**fields)


def heights_above_bottom(found, points):
    return np.round(found.corners_m[0, 3, 1] - points[:, 1], 4)


def test_points_stand_in_columns_from_the_floor_up_to_the_top():
    # 0.2 m wide, 1 m high: 5 columns of 1 + 6 rows up to 0.4 m and 2 more up to 1 m.
    found = locate(detections([290, 170, 310, 260]), ranges(1.0), CAMERA, Mounting(0.7))
    points = face_points(found, spacing_m=0.05)
    assert points.dtype == np.float32
    assert points.shape == (5 * 9, 3)
    np.testing.assert_allclose(np.unique(points[:, 2]), [1.0])
    np.testing.assert_allclose(
        np.unique(np.round(points[:, 0], 4)), [-0.1, -0.05, 0, 0.05, 0.1], atol=1e-6
    )
    np.testing.assert_allclose(
        np.unique(heights_above_bottom(found, points)),
        [0, 0.1, 0.16, 0.22, 0.28, 0.34, 0.4, 0.7, 1.0], atol=1e-4,
    )


def test_a_face_lower_than_the_band_is_raised_to_it():
    found = locate(detections([299, 199, 301, 201]), ranges(1.0), CAMERA)
    points = face_points(found)
    assert len(points) == 2 * 7
    assert heights_above_bottom(found, points).max() == pytest.approx(0.4)


def test_min_points_is_the_number_of_points_that_each_column_has_in_the_band():
    found = locate(detections([290, 150, 310, 250]), ranges(2.0), CAMERA)
    points = face_points(found, min_points=11)
    heights = heights_above_bottom(found, points)
    column = points[:, 0] == points[0, 0]
    assert ((heights >= 0.05) & (heights <= 0.5) & column).sum() == 11


def test_a_box_without_width_still_has_two_columns():
    points = face_points(locate(detections([300, 150, 300, 250]), ranges(2.0), CAMERA))
    assert np.isfinite(points).all()
    assert len(points) == 2 * (1 + 6 + 5)


def test_the_number_of_points_of_a_face_is_bounded():
    huge = detections([0, 0, 600, 400])
    points = face_points(locate(huge, ranges(50.0), CAMERA))
    assert len(points) == 32 * (1 + 6 + 5)


def test_points_of_several_faces_follow_one_another():
    boxes = [290, 150, 310, 250], [100, 100, 300, 380]
    both = face_points(locate(detections(*boxes), ranges(2.0, 7.0), CAMERA))
    one, other = (
        face_points(locate(detections(box), ranges(metres), CAMERA))
        for box, metres in zip(boxes, (2.0, 7.0))
    )
    np.testing.assert_array_equal(both, np.concatenate([one, other]))


@pytest.mark.parametrize('error_m', [-0.15, 0.0, 0.2])
def test_each_column_keeps_four_points_in_the_band_of_a_floor_that_is_elsewhere(error_m):
    found = locate(detections([290, 150, 310, 250]), ranges(2.0), CAMERA)
    points = face_points(found)
    heights = heights_above_bottom(found, points) + error_m
    for column in np.unique(points[:, 0]):
        in_band = (heights >= 0.05) & (heights <= 0.5) & (points[:, 0] == column)
        assert in_band.sum() >= 4
