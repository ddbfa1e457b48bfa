# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ranges are columns that belong together; what holds for every method."""

from __future__ import annotations

import math
import warnings

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ranging_cases import BARREL, BOX, CAMERA, CAMERAS, LEVEL, SIZE, assert_unknown

from compressed_detector.config import RangingSettings
from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.ranging import (
    Method,
    Ranges,
    combine,
    from_depth,
    from_ground_plane,
)
from compressed_detector.errors import ConfigError

SETTINGS = RangingSettings()


def test_no_ranges_are_a_value_with_the_documented_shapes() -> None:
    columns = vars(Ranges.empty()).values()
    assert [column.shape for column in columns] == [(0,)] * 4
    assert [str(column.dtype) for column in columns] == ['float32', 'float32', 'uint8', 'bool']


def test_no_boxes_have_no_ranges() -> None:
    none = np.zeros((0, 4), np.float32)
    assert len(from_ground_plane(none, CAMERA, LEVEL, SETTINGS)) == 0
    assert len(from_depth(none, np.ones((480, 640), np.float32), SIZE, SETTINGS)) == 0
    assert len(combine(Ranges.empty(), Ranges.empty())) == 0


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r'expected std_m of shape \(2,\), got \(3,\)'):
        Ranges(np.zeros(2), np.zeros(3), np.zeros(2), np.zeros(2))  # type: ignore[arg-type]


def test_rows_are_selected_by_a_mask() -> None:
    ranges = from_ground_plane([BOX, (0, 0, 9, 9)], CAMERA, LEVEL, SETTINGS)
    assert ranges[np.array([False, True])].methods.tolist() == [Method.NONE]
    assert len(ranges[:1]) == 1


def test_combining_takes_the_first_where_it_knows_a_range() -> None:
    first = Ranges([1, math.nan], [0.1, math.nan], [1, 0], [True, False])  # type: ignore[arg-type]
    second = Ranges([5, 6], [0.5, 0.6], [2, 2], [False, True])  # type: ignore[arg-type]
    both = combine(first, second)
    np.testing.assert_array_equal(both.forward_m, np.float32([1, 6]))
    np.testing.assert_array_equal(both.std_m, np.float32([0.1, 0.6]))
    assert both.methods.tolist() == [Method.DEPTH, Method.GROUND_PLANE]
    assert both.clamped.tolist() == [True, True]
    assert_unknown(combine(Ranges.unknown(2), Ranges.unknown(2)))


def test_combining_other_objects_is_refused() -> None:
    with pytest.raises(ValueError, match='expected 1 ranges to combine with, got 2'):
        combine(Ranges.unknown(1), Ranges.unknown(2))


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'range_min': 5.0, 'range_max': 5.0}, 'range_min: expected less than range_max'),
        ({'depth_percentile': 101.0}, 'depth_percentile: expected float from 0.0 to 100.0'),
        ({'tilt_sigma': math.nan}, 'tilt_sigma: expected float'),
        ({'box_sigma': -0.1}, 'box_sigma: expected float'),
    ],
)
def test_settings_out_of_bounds_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RangingSettings(**values)


@given(hnp.arrays(np.float32, (7, 4), elements=st.floats(width=32)), st.sampled_from(CAMERAS))
def test_any_numbers_give_a_finite_range_or_none(
    boxes: npt.NDArray[np.float32], camera: CameraModel
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        floor = from_ground_plane(boxes, camera, Mounting(0.5, 0.2, 0.1), SETTINGS)
        depth = from_depth(boxes, np.full((48, 64), 2.0, np.float32), SIZE, SETTINGS)
    for ranges in (floor, depth):
        known = ranges.methods != Method.NONE
        assert (ranges.forward_m[known] > 0).all()
        assert (ranges.std_m[known] >= 0).all()
        assert_unknown(ranges[~known])


def test_boxes_are_ranged_together_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    boxes = np.sort(rng.uniform(0, 1, (50, 2, 2)), axis=1) * SIZE
    boxes = boxes.reshape(50, 4)
    depth = rng.uniform(0.5, 6, (480, 640)).astype(np.float32)
    mounting = Mounting(0.5, 0.2, 0.1)
    together = from_ground_plane(boxes, BARREL, mounting, SETTINGS)
    depths = from_depth(boxes, depth, SIZE, SETTINGS)
    for row, box in enumerate(boxes):
        alone = from_ground_plane([box], BARREL, mounting, SETTINGS)
        np.testing.assert_allclose(alone.forward_m, together.forward_m[row:row + 1], rtol=1e-6)
        np.testing.assert_allclose(alone.std_m, together.std_m[row:row + 1], rtol=1e-5)
        np.testing.assert_array_equal(
            from_depth([box], depth, SIZE, SETTINGS).forward_m, depths.forward_m[row:row + 1]
        )
