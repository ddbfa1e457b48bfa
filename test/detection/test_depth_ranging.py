# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ranges from a registered depth image."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ranging_cases import BOX, NO_BOXES, SIZE, assert_unknown

from compressed_detector.config import RangingSettings
from compressed_detector.detection.ranging import Method, from_depth
from compressed_detector.errors import RangingError

SETTINGS = RangingSettings()


def person_in_a_room(dtype: Any = np.float32, scale: float = 1.0) -> npt.NDArray[Any]:
    """Return depth of a wall 5 m ahead, with an object 2 m ahead that fills half of BOX."""
    depth = np.full((480, 640), 5 * scale, dtype)
    depth[200:340, 310:330] = 2 * scale
    return depth


def test_depth_of_the_object_wins_against_the_background_beside_it() -> None:
    ranges = from_depth([(300, 200, 340, 340)], person_in_a_room(), SIZE, SETTINGS)
    assert ranges.forward_m.tolist() == [2.0]
    assert ranges.methods.tolist() == [Method.DEPTH]
    assert ranges.clamped.tolist() == [False]


def test_millimetres_and_metres_mean_the_same() -> None:
    metres = from_depth([BOX], person_in_a_room(), SIZE, SETTINGS)
    for dtype in ('<u2', '>u2'):
        millimetres = from_depth([BOX], person_in_a_room(dtype, 1000), SIZE, SETTINGS)
        np.testing.assert_allclose(millimetres.forward_m, metres.forward_m, rtol=1e-6)


@given(
    st.sampled_from([(320, 240), (160, 120), (1280, 960), (214, 160)]),
    st.floats(0.3, 20), st.floats(20, 500), st.floats(20, 300),
)
def test_depth_image_of_another_size_shows_the_same(
    size: tuple[int, int], range_m: float, left: float, top: float
) -> None:
    depth = np.full((size[1], size[0]), 30.0, np.float32)
    right, bottom = left + 100, top + 150
    x, y = size[0] / 640, size[1] / 480
    # Every pixel that the middle of the box touches.
    depth[int((top + 37) * y):int((bottom - 37) * y) + 1,
          int((left + 25) * x):int((right - 25) * x) + 1] = range_m
    ranges = from_depth([(left, top, right, bottom)], depth, SIZE, SETTINGS)
    assert ranges.forward_m[0] == pytest.approx(range_m, rel=1e-6)


@pytest.mark.parametrize('bad', [0.0, -1.0, math.nan, math.inf, -math.inf, 0.1, 99.0])
def test_readings_that_say_nothing_are_left_out(bad: float) -> None:
    depth = np.full((480, 640), 2.0, np.float32)
    depth[::2, ::3] = bad
    depth[1::2, 1::3] = bad
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        ranges = from_depth([BOX], depth, SIZE, SETTINGS)
    assert ranges.forward_m.tolist() == [2.0]


def test_depth_with_too_few_readings_is_unknown() -> None:
    depth = person_in_a_room()
    depth[200:340, 312:328] = 0  # nearer than the sensor can see: four fifths of the middle
    assert_unknown(from_depth([BOX], depth, SIZE, SETTINGS))
    few = RangingSettings(depth_min_valid_fraction=0.1)
    assert from_depth([BOX], depth, SIZE, few).methods.tolist() == [Method.DEPTH]


@pytest.mark.parametrize('dtype', [np.uint16, np.float32])
def test_depth_that_sees_nothing_is_unknown(dtype: Any) -> None:
    assert_unknown(from_depth([BOX], np.zeros((480, 640), dtype), SIZE, SETTINGS))


@pytest.mark.parametrize(('percentile', 'column'), [(0, 35.8), (50, 345.8), (100, 604.2)])
def test_percentile_chooses_the_reading(percentile: float, column: float) -> None:
    # Twelve columns share the 620 px of the box evenly: the first is read at 10 + 620 / 24.
    depth = np.tile(np.arange(640, dtype=np.float32) / 100 + 1, (480, 1))
    settings = RangingSettings(depth_percentile=percentile, depth_central_fraction=1.0)
    ranges = from_depth([(10, 10, 630, 470)], depth, SIZE, settings)
    assert ranges.forward_m[0] == pytest.approx(1 + math.floor(column) / 100)


def test_standard_deviation_of_depth_has_a_floor_and_grows_with_range_and_spread() -> None:
    settings = RangingSettings(depth_sigma=0.03, depth_sigma_fraction=0.02)
    flat = np.full((480, 640), 2.0, np.float32)
    assert from_depth([BOX], flat, SIZE, settings).std_m[0] == pytest.approx(0.05)  # 0.03, 0.04
    striped = flat.copy()
    striped[:, 1::2] = 2.1
    # Half of the readings are 0.1 m off the range, the lower middle one is not.
    assert from_depth([BOX], striped, SIZE, settings).std_m[0] == pytest.approx(0.05)
    striped[::2] = 2.1  # three quarters
    low = RangingSettings(depth_sigma=0.0, depth_sigma_fraction=0.0, depth_percentile=5.0)
    assert from_depth([BOX], striped, SIZE, low).std_m[0] == pytest.approx(0.14826, rel=1e-5)


@given(
    hnp.arrays(np.float32, (24, 32), elements=st.one_of(
        st.floats(width=32), st.sampled_from([math.nan, math.inf, 0.0, 1.0, 2.0])
    ))
)
def test_storm_of_numbers_gives_a_range_that_was_read_or_none(
    depth: npt.NDArray[np.float32]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        ranges = from_depth([BOX, (0, 0, 640, 480)], depth, SIZE, SETTINGS)
    for forward, std, method in zip(ranges.forward_m, ranges.std_m, ranges.methods):
        if method == Method.NONE:
            assert np.isnan(forward)
        else:
            assert forward in depth
            assert SETTINGS.range_min <= forward <= SETTINGS.range_max
            assert np.isfinite(std)


def test_depth_of_a_box_cut_by_the_border_is_read_and_flagged() -> None:
    depth = np.full((480, 640), 2.0, np.float32)
    boxes = [(300, 300, 340, 480), (0, 200, 40, 340), (300, 0, 340, 200), (-50, 400, 900, 700)]
    ranges = from_depth(boxes, depth, SIZE, SETTINGS)
    assert ranges.clamped.tolist() == [True, True, False, True]
    np.testing.assert_array_equal(ranges.forward_m, 2.0)


def test_what_is_no_box_has_no_depth() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        ranges = from_depth([*NO_BOXES, BOX], person_in_a_room(), SIZE, SETTINGS)
    assert_unknown(ranges[:-1])
    assert ranges.forward_m[-1] == 2.0


def test_thinnest_box_at_the_last_pixel_is_read_there() -> None:
    depth = np.full((480, 640), 2.0, np.float32)
    box = (math.nextafter(640.0, 0.0), math.nextafter(480.0, 0.0), 640.0, 480.0)
    assert from_depth([box], depth, SIZE, SETTINGS).forward_m.tolist() == [2.0]


@pytest.mark.parametrize(
    ('depth', 'message'),
    [
        (np.zeros((480, 640), np.float64), 'uint16 millimetres.*got .* of float64'),
        (np.zeros((480, 640), np.int16), 'uint16 millimetres.*got .* of int16'),
        (np.zeros((480, 640), np.uint8), 'of uint8'),
        (np.zeros((480, 640, 1), np.uint16), r'expected \(h, w\).*got \(480, 640, 1\)'),
        (np.zeros((0, 0), np.uint16), 'aspect ratio'),
        (np.zeros((360, 640), np.uint16), r'of the image \(640 x 480\), got 640 x 360'),
    ],
)
def test_depth_image_of_another_kind_or_view_is_refused(
    depth: npt.NDArray[Any], message: str
) -> None:
    with pytest.raises(RangingError, match=message):
        from_depth([BOX], depth, SIZE, SETTINGS)
