# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Scans, beam by beam."""

import math

import numpy as np
import pytest
from camera_rig import CAMERA, Rig, detections, ranges
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.obstacles import Obstacles, level_axes, locate
from compressed_detector.detection.scan import ScanSettings, ScanView, scan_axes, scan_ranges
from compressed_detector.errors import RangingError

SETTINGS = ScanSettings(range_min_m=0.1, range_max_m=10.0, angle_increment_rad=0.01)
VIEW = ScanView.of(CAMERA, None, SETTINGS)


def bearing(x_m, z_m):
    """Return the angle of a point, x to the right, counter-clockwise."""
    return math.atan2(-x_m, z_m)


def test_the_beams_span_the_horizontal_field_of_view_counter_clockwise():
    # The border of the image is 300 pixels or atan 3 from the axis.
    np.testing.assert_allclose(VIEW.angles_rad[[0, -1]], [-1.24, 1.24], atol=1e-9)
    np.testing.assert_allclose(np.diff(VIEW.angles_rad), 0.01)


def test_without_obstacles_everything_in_view_is_free():
    free = scan_ranges(Obstacles.empty(), VIEW)
    assert free.dtype == np.float32
    assert np.isposinf(free).all()


def test_a_face_covers_the_beams_between_its_edges_and_one_more_on_either_side():
    # 2 m ahead, from 0.5 m left to 1 m right.
    found = locate(detections([275, 190, 350, 240]), ranges(2.0), CAMERA)
    beams = scan_ranges(found, VIEW)
    inside = (VIEW.angles_rad > bearing(1.0, 2.0) - 0.01) & (
        VIEW.angles_rad < bearing(-0.5, 2.0) + 0.01
    )
    np.testing.assert_allclose(beams[inside], 2.0 / np.cos(VIEW.angles_rad[inside]), rtol=1e-6)
    assert np.isposinf(beams[~inside]).all()


def test_a_face_thinner_than_the_gap_between_two_beams_is_seen():
    found = locate(detections([300.3, 190, 300.4, 240]), ranges(5.0), CAMERA)
    assert np.isfinite(scan_ranges(found, VIEW)).sum() == 2


def test_the_nearest_face_counts_whatever_the_order():
    boxes = [200, 100, 400, 300], [280, 100, 320, 300]
    for order in ((0, 1), (1, 0)):
        found = locate(
            detections(*(boxes[i] for i in order)), ranges(*((6.0, 2.0)[i] for i in order)), CAMERA
        )
        beams = scan_ranges(found, VIEW)
        assert beams[len(beams) // 2] == pytest.approx(2.0)
        assert beams[np.abs(VIEW.angles_rad - 0.5).argmin()] == pytest.approx(
            6.0 / math.cos(0.5), rel=1e-3
        )


@pytest.mark.parametrize(
    ('box', 'end'), [([0, 190, 0.2, 240], -1), ([599.8, 190, 600, 240], 0)]
)
def test_what_is_seen_at_the_very_border_belongs_to_the_outermost_beam(box, end):
    beams = scan_ranges(locate(detections(box), ranges(2.0), CAMERA), VIEW)
    assert np.isfinite(beams[end])
    assert np.isfinite(beams).sum() <= 2


def test_too_near_is_reported_at_the_minimum_and_too_far_is_free():
    near = scan_ranges(locate(detections([290, 190, 310, 210]), ranges(0.06), CAMERA), VIEW)
    assert np.nanmin(near) == np.float32(0.1)
    far = scan_ranges(locate(detections([290, 190, 310, 210]), ranges(10.0), CAMERA), VIEW)
    assert np.isposinf(far).all()


def test_what_hangs_above_the_robot_is_not_in_the_scan():
    mounting = Mounting(1.0)
    found = locate(detections([295, 145, 305, 155]), ranges(8.0), CAMERA, mounting)
    assert found.overhead.all()
    view = ScanView.of(CAMERA, mounting, SETTINGS)
    np.testing.assert_array_equal(scan_ranges(found, view), view.unobstructed)


def test_a_camera_that_looks_down_does_not_see_far_beside_its_lower_corners():
    """Which beams reach the floor at 10 m is worked out by projecting it into the image."""
    rig = Rig(pitch_deg=20, roll_deg=5, height_m=1.0)
    view = ScanView.of(rig.camera, rig.mounting, SETTINGS)
    assert np.isnan(view.unobstructed).any()
    assert np.isposinf(view.unobstructed).any()
    optical_from_base = np.linalg.inv(rig.base_from_optical)
    for angle, reach in zip(view.angles_rad, view.unobstructed):
        floor = (rig.x_m + 10 * math.cos(angle), 10 * math.sin(angle), 0.0, 1.0)
        x, y, z, _ = optical_from_base @ floor
        u, v = x / z * rig.focal + rig.width / 2, y / z * rig.focal + rig.height / 2
        if min(abs(u), abs(u - rig.width), abs(v), abs(v - rig.height)) > 1e-6:
            inside = 0 < u < rig.width and 0 < v < rig.height
            assert np.isposinf(reach) == inside
            assert np.isnan(reach) != inside


def test_the_floor_ahead_begins_and_ends_where_the_image_does():
    # 400 pixels high: the rays at its borders fall and climb by 2 to 1.
    assert ScanView.of(CAMERA, Mounting(0.5), SETTINGS).floor_ahead_m == (0.25, math.inf)
    # 24.7 degrees of half a view, 45 degrees down: from 20.3 to 69.7 degrees off the vertical.
    camera = CameraModel(600, 400, 434.8, 434.8, 299.5, 199.5)
    half = math.atan(200 / 434.8)
    near, far = ScanView.of(camera, Mounting(1.0, math.pi / 4), SETTINGS).floor_ahead_m
    assert near == pytest.approx(math.tan(math.pi / 4 - half))
    assert far == pytest.approx(math.tan(math.pi / 4 + half))


def test_a_camera_that_sees_its_own_foot_sees_the_floor_from_there_on():
    near, _ = ScanView.of(CAMERA, Mounting(1.0, math.radians(60)), SETTINGS).floor_ahead_m
    assert near == 0.0


def test_without_a_mounting_nothing_is_known_of_the_floor():
    assert VIEW.floor_ahead_m == (0.0, math.inf)


def test_a_fisheye_scans_to_the_end_of_its_image_circle_at_most():
    camera = CameraModel(600, 400, 100.0, 100.0, 299.5, 199.5, 'equidistant')
    view = ScanView.of(camera, None, SETTINGS)
    np.testing.assert_allclose(view.angles_rad[[0, -1]], [-1.4, 1.4], atol=1e-9)
    assert np.isposinf(view.unobstructed[np.abs(view.angles_rad) < 1.3]).all()


@pytest.mark.parametrize(('box', 'end'), [([150, 190, 155, 210], -1), ([445, 190, 450, 210], 0)])
def test_what_is_farther_aside_than_the_scan_goes_belongs_to_the_outermost_beam(box, end):
    # 145 to 150 pixels or 1.45 to 1.5 rad from the axis of a fisheye.
    camera = CameraModel(600, 400, 100.0, 100.0, 299.5, 199.5, 'equidistant')
    beams = scan_ranges(
        locate(detections(box), ranges(0.5), camera), ScanView.of(camera, None, SETTINGS)
    )
    assert np.isfinite(beams).sum() == 1
    assert np.isfinite(beams[end])


@given(pitch=st.floats(-1.5, 1.5), roll=st.floats(-3.1, 3.1))
def test_the_scan_frame_is_level(pitch, roll):
    mounting = Mounting(1.0, pitch, roll)
    forward, left, up = scan_axes(level_axes(mounting)).T
    np.testing.assert_allclose(up, -mounting.down(), atol=1e-9)
    np.testing.assert_allclose(np.cross(forward, left), up, atol=1e-9)


@pytest.mark.parametrize('camera', [
    CameraModel(64, 64, 1e6, 1e6, -1250.0, 31.5),  # all of it between two beams
    CameraModel(64, 64, 50.0, 50.0, 31.5, 31.5, 'equidistant', (1e300,) * 4),  # none looks ahead
])
def test_a_calibration_by_which_nothing_is_seen_ahead_is_refused(camera):
    with pytest.raises(RangingError, match='expected a camera that sees'):
        ScanView.of(camera, None, ScanSettings(0.05, 20.0, 0.0025))
