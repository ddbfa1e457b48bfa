# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ranges from the floor that objects stand on."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ranging_cases import BARREL, BOX, CAMERA, CAMERAS, LEVEL, NO_BOXES, assert_unknown

from compressed_detector.config import RangingSettings
from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.projection import project
from compressed_detector.detection.ranging import Method, from_ground_plane

SETTINGS = RangingSettings()
NAMES = ['ideal', 'plumb_bob', 'equidistant']


def test_range_is_camera_height_by_slope() -> None:
    # 100 px below the middle at a focal length of 400 px: 1 m down after 4 m.
    ranges = from_ground_plane([BOX], CAMERA, LEVEL, SETTINGS)
    assert ranges.forward_m.tolist() == [4.0]
    assert ranges.methods.tolist() == [Method.GROUND_PLANE]
    assert ranges.clamped.tolist() == [False]


def test_camera_that_looks_down_ranges_along_its_own_axis() -> None:
    # The axis itself meets the floor after height / sin(pitch).
    box = (300, 200, 340, 240)
    ranges = from_ground_plane([box], CAMERA, Mounting(0.5, pitch_rad=math.pi / 6), SETTINGS)
    assert ranges.forward_m.tolist() == pytest.approx([1.0])


def test_standard_deviation_propagates_the_box_and_the_tilt() -> None:
    # z^2 / h = 16 m; the box's bottom moves by 0.01 * 640 px = 6.4 px, 0.016 of a focal length.
    box_only = RangingSettings(box_sigma=0.01, tilt_sigma=0.0)
    assert from_ground_plane([BOX], CAMERA, LEVEL, box_only).std_m[0] == pytest.approx(0.256)
    tilt_only = RangingSettings(box_sigma=0.0, tilt_sigma=0.01)
    assert from_ground_plane([BOX], CAMERA, LEVEL, tilt_only).std_m[0] == pytest.approx(0.16)
    both = RangingSettings(box_sigma=0.01, tilt_sigma=0.01)
    assert from_ground_plane([BOX], CAMERA, LEVEL, both).std_m[0] == pytest.approx(
        math.hypot(0.256, 0.16)
    )


def test_standard_deviation_of_a_wide_box_grows_with_roll() -> None:
    exact = RangingSettings(box_sigma=0.0, tilt_sigma=0.0)
    rolled = Mounting(1.0, roll_rad=0.1)
    wide, narrow = (120, 200, 520, 340), (319, 200, 321, 340)
    ranges = from_ground_plane([wide, narrow], CAMERA, rolled, exact)
    # The bottom is 1 m wide by metre ahead: g differs by sin(0.1), uniform, at z = 4 / cos(0.1).
    z = 4 / math.cos(0.1)
    assert ranges.std_m[0] == pytest.approx(z * z * math.sin(0.1) / math.sqrt(12), rel=1e-5)
    assert ranges.std_m[1] < 0.01 * ranges.std_m[0]


@pytest.mark.parametrize('camera', CAMERAS, ids=NAMES)
def test_standard_deviation_is_what_repeated_errors_show(camera: CameraModel) -> None:
    rng = np.random.default_rng(3)
    settings = RangingSettings(box_sigma=0.002, tilt_sigma=0.004)
    box = np.array((500.0, 100.0, 501.0, 390.0))
    stated = from_ground_plane([box], camera, Mounting(0.8, 0.15, 0.1), settings)
    found = []
    for pitch, roll in rng.normal((0.15, 0.1), 0.004, (400, 2)):
        boxes = np.tile(box, (50, 1))
        boxes[:, 3] += rng.normal(0, 0.002 * 640, 50)
        found.append(
            from_ground_plane(boxes, camera, Mounting(0.8, pitch, roll), settings).forward_m
        )
    assert np.std(found) == pytest.approx(float(stated.std_m[0]), rel=0.08)


@pytest.mark.parametrize('camera', CAMERAS, ids=NAMES)
@given(
    st.floats(0.1, 2.5), st.floats(-0.4, 0.9), st.floats(-0.6, 0.6), st.floats(0.3, 30),
    st.floats(-1.0, 1.0),
)
def test_point_on_the_floor_is_ranged_where_it_is(
    camera: CameraModel, height: float, pitch: float, roll: float, ahead: float, aside: float
) -> None:
    mounting = Mounting(height, pitch, roll)
    down = mounting.down()
    forward = np.array([0, 0, 1]) - down[2] * down
    forward /= np.linalg.norm(forward)
    point = height * down + ahead * (forward + aside * np.cross(down, forward))
    assume(point[2] > 0.05 and np.hypot(*point[:2]) < 1.5 * point[2])
    u, v = project(camera, [point])[0]
    assume(10 < u < 630 and 10 < v < 470)
    ranges = from_ground_plane([(u - 3, v - 9, u + 3, v)], camera, mounting, SETTINGS)
    assert ranges.forward_m[0] == pytest.approx(point[2], rel=1e-4)
    assert ranges.methods[0] == Method.GROUND_PLANE


@given(st.floats(100, 470), st.floats(100, 470), st.floats(-0.3, 0.6))
def test_lower_box_is_nearer(first: float, second: float, pitch: float) -> None:
    boxes = [(300, 50, 340, min(first, second)), (300, 50, 340, max(first, second))]
    high, low = from_ground_plane(boxes, CAMERA, Mounting(1.0, pitch), SETTINGS).forward_m
    assert not high < low  # or unknown: above the horizon


def test_box_above_the_horizon_has_no_range() -> None:
    boxes = [(300, 100, 340, 240), (300, 100, 340, 200), (0, 0, 640, 20)]
    assert_unknown(from_ground_plane(boxes, CAMERA, LEVEL, SETTINGS))


def test_floor_beyond_the_largest_range_is_unknown() -> None:
    # 7 px below the horizon: 57 m. 9 px: 44 m.
    boxes = [(300, 100, 340, 247), (300, 100, 340, 249)]
    ranges = from_ground_plane(boxes, CAMERA, LEVEL, RangingSettings(range_max=50.0))
    assert ranges.methods.tolist() == [Method.NONE, Method.GROUND_PLANE]


def test_box_cut_by_the_bottom_is_placed_before_the_nearest_visible_floor() -> None:
    # 240 px below the middle: the nearest floor is 400 / 240 m ahead.
    near = 400 / 240
    settings = RangingSettings(
        range_min=0.2, cut_range_fraction=0.25, box_sigma=0.0, tilt_sigma=0.0
    )
    ranges = from_ground_plane([(300, 100, 340, 480)], CAMERA, LEVEL, settings)
    assert ranges.clamped.tolist() == [True]
    assert ranges.forward_m[0] == pytest.approx(0.2 + 0.25 * (near - 0.2))
    # Of a uniform distribution over 0 to 1 about 0.25: sqrt(1/3 - 1/4 + 1/16).
    assert ranges.std_m[0] == pytest.approx((near - 0.2) * math.sqrt(7 / 48))


def test_box_is_cut_from_the_margin_on() -> None:
    settings = RangingSettings(border_margin=0.005)  # 3.2 px
    boxes = [(300, 100, 340, 476.7), (300, 100, 340, 476.9), (300, 100, 340, 1e6)]
    ranges = from_ground_plane(boxes, CAMERA, LEVEL, settings)
    assert ranges.clamped.tolist() == [False, True, True]
    assert ranges.forward_m[1] == ranges.forward_m[2]


@given(
    st.sampled_from(CAMERAS), st.floats(0.1, 2), st.floats(-0.3, 0.9), st.floats(-0.4, 0.4),
    st.floats(1, 600), st.floats(2, 300), st.floats(0, 1),
)
def test_cut_box_is_never_farther_than_any_floor_below_it(
    camera: CameraModel, height: float, pitch: float, roll: float, left: float, width: float,
    part: float,
) -> None:
    mounting = Mounting(height, pitch, roll)
    settings = RangingSettings(cut_range_fraction=part)
    box = (left, 50, min(left + width, 640), 480)
    cut = from_ground_plane([box], camera, mounting, settings)
    assume(cut.methods[0] != Method.NONE)
    along = np.linspace(box[0], box[2], 3)
    slopes = np.insert(camera.rays(np.stack([along, np.full(3, 480.0)], 1)), 2, 1, 1)
    visible = height / (slopes @ mounting.down())
    assert cut.clamped[0]
    assert cut.forward_m[0] <= np.nanmin(visible[visible > 0]) * (1 + 1e-6)


def test_image_that_shows_no_floor_below_a_cut_box_gives_no_range() -> None:
    looks_up = Mounting(1.0, pitch_rad=-0.7)
    assert_unknown(from_ground_plane([(300, 100, 340, 480)], CAMERA, looks_up, SETTINGS))


def test_cut_box_nearer_than_the_smallest_range_stays_in_the_picture() -> None:
    # Seen from 10 cm the nearest floor is 0.167 m ahead: before range_min.
    ranges = from_ground_plane([(300, 0, 340, 480)], CAMERA, Mounting(0.1), SETTINGS)
    assert ranges.forward_m[0] == pytest.approx(40 / 240)


def test_box_cut_by_a_side_keeps_its_range_and_is_flagged() -> None:
    boxes = [(0, 200, 40, 340), (600, 200, 640, 340), (10, 0, 50, 340)]
    ranges = from_ground_plane(boxes, CAMERA, LEVEL, SETTINGS)
    assert ranges.clamped.tolist() == [True, True, False]
    np.testing.assert_allclose(ranges.forward_m, 4.0)


def test_box_cut_by_a_side_has_the_nearest_range_along_its_bottom() -> None:
    rolled = Mounting(1.0, roll_rad=0.1)
    cut, right_end = from_ground_plane(
        [(540, 200, 640, 340), (619.99, 200, 620, 340)], CAMERA, rolled, SETTINGS
    ).forward_m
    assert cut < right_end


def test_what_is_no_box_has_no_range_and_disturbs_no_other() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        ranges = from_ground_plane([*NO_BOXES, BOX], BARREL, LEVEL, SETTINGS)
    assert_unknown(ranges[:-1])
    assert ranges.forward_m[-1] == pytest.approx(4.0, rel=0.1)
