# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Cameras look where their calibration says, and refuse one that says nothing."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.errors import RangingError

BARREL = (-0.3, 0.1, 0.0003, -0.0002, -0.012)
REGION = {'x_offset': 100, 'y_offset': 80, 'width': 400, 'height': 200}


def camera_info(**fields: Any) -> SimpleNamespace:
    """Return what sensor_msgs/CameraInfo has, for a calibrated 640 x 480 camera."""
    region = {'x_offset': 0, 'y_offset': 0, 'width': 0, 'height': 0}
    region.update(fields.pop('roi', {}))
    values: dict[str, Any] = {
        'width': 640, 'height': 480, 'binning_x': 0, 'binning_y': 0,
        'k': np.array([400.0, 0.0, 319.5, 0.0, 410.0, 239.5, 0.0, 0.0, 1.0]),
        'p': np.array([380.0, 0.0, 310.0, -20.0, 0.0, 390.0, 230.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
        'd': list(BARREL), 'distortion_model': 'plumb_bob',
    }
    return SimpleNamespace(**{**values, **fields}, roi=SimpleNamespace(**region))


def test_rays_are_counted_from_the_corner_of_the_first_pixel() -> None:
    # 319.5 counted from the centre of the first pixel is the middle of an image 640 wide.
    camera = CameraModel(640, 480, 400.0, 200.0, 319.5, 239.5)
    rays = camera.rays([[320, 240], [720, 240], [320, 140], [120, 340]])
    np.testing.assert_allclose(rays, [[0, 0], [1, 0], [0, -0.5], [-0.5, 0.5]])


def test_no_points_have_no_rays() -> None:
    assert CameraModel(640, 480, 400.0, 400.0, 320.0, 240.0).rays([]).shape == (0, 2)


def test_camera_info_gives_its_intrinsics_and_its_lens() -> None:
    assert CameraModel.from_camera_info(camera_info()) == CameraModel(
        640, 480, 400.0, 410.0, 319.5, 239.5, 'plumb_bob', BARREL
    )


def test_rectified_image_has_the_intrinsics_of_p_and_no_lens() -> None:
    camera = CameraModel.from_camera_info(camera_info(), rectified=True)
    assert camera == CameraModel(640, 480, 380.0, 390.0, 310.0, 230.0, '')


def test_region_of_interest_and_binning_are_applied() -> None:
    info = camera_info(binning_x=2, binning_y=2, roi=REGION)
    # (319.5 - 100 + 0.5) / 2 - 0.5 and (239.5 - 80 + 0.5) / 2 - 0.5
    assert CameraModel.from_camera_info(info) == CameraModel(
        200, 100, 200.0, 205.0, 109.5, 79.5, 'plumb_bob', BARREL
    )


@given(st.floats(0, 200), st.floats(0, 100))
def test_pixel_of_a_binned_region_looks_where_the_sensor_does(u: float, v: float) -> None:
    whole = CameraModel.from_camera_info(camera_info())
    part = CameraModel.from_camera_info(camera_info(binning_x=2, binning_y=2, roi=REGION))
    np.testing.assert_allclose(
        part.rays([(u, v)]), whole.rays([(2 * u + 100, 2 * v + 80)]), atol=1e-9
    )


@given(st.floats(0, 640), st.floats(0, 480), st.sampled_from([160, 320, 848, 1280]))
def test_resized_image_looks_where_the_original_does(u: float, v: float, width: int) -> None:
    camera = CameraModel.from_camera_info(camera_info())
    other = camera.scaled(width, width * 3 // 4)
    factor = width / 640
    assert (other.width, other.height) == (width, width * 3 // 4)
    np.testing.assert_allclose(
        other.rays([(u * factor, v * factor)]), camera.rays([(u, v)]), atol=1e-9
    )


@pytest.mark.parametrize('size', [(640, 360), (480, 480), (0, 0), (640, -480)])
def test_image_of_another_view_is_refused(size: tuple[int, int]) -> None:
    camera = CameraModel.from_camera_info(camera_info())
    with pytest.raises(RangingError, match=r'aspect ratio of the camera_info \(640 x 480\)'):
        camera.scaled(*size)


def test_size_rounded_to_even_numbers_is_still_the_same_view() -> None:
    # A decimation by 3 of 848 x 480 as depth cameras do it.
    assert CameraModel(848, 480, 420.0, 420.0, 424.0, 240.0).scaled(284, 160).height == 160


def info_with(index: int, value: float) -> SimpleNamespace:
    info = camera_info()
    info.k[index] = value
    return info


@pytest.mark.parametrize(
    ('info', 'message'),
    [
        (camera_info(k=np.zeros(9)), r'fx, fy > 0.*got \(0.0, 0.0, 0.0, 0.0\); calibrate'),
        (info_with(0, -400.0), 'fx, fy > 0'),
        (info_with(4, math.nan), 'fx, fy > 0'),
        (info_with(2, math.inf), 'finite cx, cy'),
        (info_with(5, math.nan), 'finite cx, cy'),
        (camera_info(width=0), 'image size in pixels, got 0 x 480'),
        (camera_info(height=0), 'image size in pixels, got 640 x 0'),
        (camera_info(binning_x=700), 'image size, got 0 x 480'),
        (camera_info(distortion_model='fov'), "plumb_bob.*equidistant.*or none, got 'fov'"),
        (camera_info(distortion_model=''), '0 finite distortion coefficients'),
        (camera_info(d=[0.1]), r'0 or 4 or 5 finite .*got \(0.1,\)'),
        (camera_info(d=[math.nan] * 5), '0 or 4 or 5 finite'),
        (camera_info(distortion_model='equidistant'), "0 or 4 finite .*'equidistant'"),
        (camera_info(distortion_model='rational_polynomial'), '0 or 8 or 12 or 14 finite'),
        (
            camera_info(distortion_model='rational_polynomial', d=[0.0] * 12 + [0.1, 0.0]),
            'no tilted sensor',
        ),
    ],
)
def test_calibration_that_describes_no_camera_is_refused(
    info: SimpleNamespace, message: str
) -> None:
    with pytest.raises(RangingError, match=message):
        CameraModel.from_camera_info(info)


@pytest.mark.parametrize('model', ['', 'plumb_bob', 'rational_polynomial', 'equidistant'])
def test_simulated_camera_without_coefficients_is_accepted(model: str) -> None:
    info = camera_info(distortion_model=model, d=[])
    assert CameraModel.from_camera_info(info).distortion == ()


@pytest.mark.parametrize(
    ('mounting', 'down'),
    [
        (Mounting(1.0), [0, 1, 0]),
        (Mounting(1.0, pitch_rad=math.pi / 6), [0, math.sqrt(0.75), 0.5]),  # looks down
        (Mounting(1.0, pitch_rad=math.pi / 2), [0, 0, 1]),  # at its feet
        (Mounting(1.0, roll_rad=math.pi / 6), [0.5, math.sqrt(0.75), 0]),  # right side lower
        (Mounting(1.0, roll_rad=math.pi), [0, -1, 0]),  # upside down
        (Mounting(1.0, math.pi / 6, math.pi / 2), [math.sqrt(0.75), 0, 0.5]),
    ],
)
def test_down_is_where_gravity_pulls(mounting: Mounting, down: list[float]) -> None:
    np.testing.assert_allclose(mounting.down(), down, atol=1e-12)


@given(st.floats(-1.5, 1.5), st.floats(-3, 3))
def test_tilt_derivatives_are_those_of_down(pitch: float, roll: float) -> None:
    step = 1e-6
    numeric = np.stack([
        Mounting(1.0, pitch + step, roll).down() - Mounting(1.0, pitch - step, roll).down(),
        Mounting(1.0, pitch, roll + step).down() - Mounting(1.0, pitch, roll - step).down(),
    ], axis=1) / (2 * step)
    derivatives = Mounting(1.0, pitch, roll).tilt_derivatives()
    np.testing.assert_allclose(derivatives, numeric, atol=1e-8)


def quaternion(axis: int, angle: float) -> tuple[float, float, float, float]:
    values = [0.0, 0.0, 0.0, math.cos(angle / 2)]
    values[axis] = math.sin(angle / 2)
    return (values[0], values[1], values[2], values[3])


def product(
    first: tuple[float, float, float, float], second: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    ax, ay, az, aw = first
    bx, by, bz, bw = second
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def transform(
    height: float, rotation: tuple[float, float, float, float], scale: float = 1.0
) -> SimpleNamespace:
    x, y, z, w = (scale * value for value in rotation)
    return SimpleNamespace(
        translation=SimpleNamespace(x=0.3, y=-0.1, z=height),
        rotation=SimpleNamespace(x=x, y=y, z=z, w=w),
    )


@given(
    st.floats(0.05, 3), st.floats(-3, 3), st.floats(-1.5, 1.5), st.floats(-3.1, 3.1),
    st.floats(0.5, 2),
)
def test_transform_gives_the_angles_that_it_was_made_of(
    height: float, yaw: float, pitch: float, roll: float, scale: float
) -> None:
    # camera_link in base_footprint by roll, pitch, yaw, and the optical frame of REP-103 in it.
    link = product(product(quaternion(2, yaw), quaternion(1, pitch)), quaternion(0, roll))
    optical = product(link, (-0.5, 0.5, -0.5, 0.5))
    found = Mounting.from_transform(transform(height, optical, scale))
    assert found.height_m == height
    assert found.pitch_rad == pytest.approx(pitch, abs=1e-6)
    assert found.roll_rad == pytest.approx(roll, abs=1e-6)


@pytest.mark.parametrize(
    ('height', 'pitch', 'roll', 'message'),
    [
        (0.0, 0.0, 0.0, 'above the floor, got a height of 0.0 m'),
        (-1.0, 0.0, 0.0, 'above the floor'),
        (math.nan, 0.0, 0.0, 'above the floor'),
        (math.inf, 0.0, 0.0, 'above the floor'),
        (1.0, 15.0, 0.0, 'pitch within 90.*in radians, got pitch 15.0'),
        (1.0, 0.0, 180.0, 'roll within 180'),
        (1.0, math.nan, 0.0, 'pitch within 90'),
        (1.0, 0.0, math.nan, 'roll within 180'),
    ],
)
def test_impossible_mounting_is_refused(
    height: float, pitch: float, roll: float, message: str
) -> None:
    with pytest.raises(RangingError, match=message):
        Mounting(height, pitch, roll)


@pytest.mark.parametrize('rotation', [(0.0, 0.0, 0.0, 0.0), (math.nan, 0.0, 0.0, 1.0)])
def test_transform_without_a_rotation_is_refused(
    rotation: tuple[float, float, float, float]
) -> None:
    with pytest.raises(RangingError, match='expected a rotation'):
        Mounting.from_transform(transform(1.0, rotation))
