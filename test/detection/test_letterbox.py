# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The letterbox is invertible, keeps the picture inside the target and pads the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compressed_detector.detection.letterbox import Letterbox

TARGET_SIDE = st.integers(32, 640)
KEPT_SHAPE = st.sampled_from(['letterbox', 'letterbox_top_left'])
RESIZES = st.sampled_from(['letterbox', 'letterbox_top_left', 'stretch'])


def letterboxes(resizes: Any, source_side: Any, target_side: Any) -> Any:
    return st.builds(
        Letterbox, source_side, source_side, target_side, target_side, resize=resizes
    )


LETTERBOXES = letterboxes(RESIZES, st.integers(1, 4000), TARGET_SIDE)
SHAPE_KEEPING = letterboxes(KEPT_SHAPE, st.integers(1, 4000), TARGET_SIDE)
SMALL_LETTERBOXES = letterboxes(RESIZES, st.integers(1, 300), st.integers(32, 96))
SHARES = st.floats(0, 1, width=32)


def picture(letterbox: Letterbox) -> tuple[slice, slice]:
    (left, top), (width, height) = letterbox.offset, letterbox.resized_size
    return slice(top, top + height), slice(left, left + width)


def noise(letterbox: Letterbox, channels: int = 3) -> np.ndarray:
    shape = (letterbox.source_height, letterbox.source_width, channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@given(letterbox=LETTERBOXES, corners=st.lists(st.tuples(*[SHARES] * 4), max_size=5))
def test_to_source_undoes_to_target(
    letterbox: Letterbox, corners: list[tuple[float, float, float, float]]
) -> None:
    size = np.array([letterbox.source_width, letterbox.source_height] * 2)
    boxes = (np.array(corners).reshape(-1, 4) * size).astype(np.float32)
    restored = letterbox.to_source(letterbox.to_target(boxes))
    assert restored.shape == boxes.shape
    assert restored.dtype == np.float32
    # Two roundings to float32: of up to 640 in the target, enlarged by the way back, and of up
    # to 4000 in the source. One unit in the last place there is 2^-14 and 2^-12 pixels.
    width, height = letterbox.resized_size
    enlargement = np.array([letterbox.source_width / width, letterbox.source_height / height] * 2)
    assert np.all(np.abs(restored - boxes) <= 2**-14 * enlargement + 2**-12)


@given(letterbox=SHAPE_KEEPING)
def test_picture_lies_inside_the_target_and_fills_one_side(letterbox: Letterbox) -> None:
    (left, top), (width, height) = letterbox.offset, letterbox.resized_size
    right = letterbox.target_width - left - width
    bottom = letterbox.target_height - top - height
    assert min(left, top, right, bottom) >= 0
    assert width == letterbox.target_width or height == letterbox.target_height
    if letterbox.resize == 'letterbox':
        assert right - left in (0, 1)
        assert bottom - top in (0, 1)
    else:
        assert (left, top) == (0, 0)


@given(letterbox=letterboxes(st.just('stretch'), st.integers(1, 4000), TARGET_SIDE))
def test_stretched_picture_fills_the_target(letterbox: Letterbox) -> None:
    assert letterbox.offset == (0, 0)
    assert letterbox.resized_size == (letterbox.target_width, letterbox.target_height)


@given(letterbox=LETTERBOXES)
def test_whole_source_maps_to_the_picture(letterbox: Letterbox) -> None:
    (left, top), (width, height) = letterbox.offset, letterbox.resized_size
    whole = np.array([[0, 0, letterbox.source_width, letterbox.source_height]], np.float32)
    expected = [[left, top, left + width, top + height]]
    np.testing.assert_allclose(letterbox.to_target(whole), expected, rtol=1e-6)


@given(letterbox=SHAPE_KEEPING)
def test_aspect_ratio_is_kept_to_the_whole_pixel(letterbox: Letterbox) -> None:
    width, height = letterbox.resized_size
    scale = min(letterbox.target_width / letterbox.source_width,
                letterbox.target_height / letterbox.source_height)
    assert abs(width - max(1, letterbox.source_width * scale)) <= 0.5 + 1e-9
    assert abs(height - max(1, letterbox.source_height * scale)) <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ('source', 'resized', 'offset'),
    [
        ((640, 480), (416, 312), (0, 52)),
        ((480, 640), (312, 416), (52, 0)),
        ((416, 416), (416, 416), (0, 0)),
        ((1, 1), (416, 416), (0, 0)),
        ((4000, 1), (416, 1), (0, 207)),
        ((1, 3000), (1, 416), (207, 0)),
        ((1241, 376), (416, 126), (0, 145)),  # 126.04
    ],
)
def test_geometry_of_known_sizes(
    source: tuple[int, int], resized: tuple[int, int], offset: tuple[int, int]
) -> None:
    letterbox = Letterbox(*source, 416, 416)
    assert letterbox.resized_size == resized
    assert letterbox.offset == offset


@pytest.mark.parametrize(
    ('resize', 'box'),
    [
        ('letterbox', (65, 182, 195, 312)),  # scale 0.65, 52 pixels above
        ('letterbox_top_left', (65, 130, 195, 260)),
        ('stretch', (65, 416 * 5 / 12, 195, 416 * 5 / 6)),  # scales 0.65 and 0.8667
    ],
)
def test_boxes_of_a_known_camera(resize: str, box: tuple[float, ...]) -> None:
    letterbox = Letterbox(640, 480, 416, 416, resize)
    source = np.array([[100, 200, 300, 400]], np.float32)
    target = np.array([box], np.float32)
    np.testing.assert_allclose(letterbox.to_target(source), target, rtol=1e-6)
    np.testing.assert_allclose(letterbox.to_source(target), source, rtol=1e-6)


def test_no_boxes_map_to_no_boxes() -> None:
    letterbox = Letterbox(640, 480, 416, 416)
    assert letterbox.to_source(np.zeros((0, 4), np.float32)).shape == (0, 4)
    assert letterbox.to_target(np.zeros((0, 4), np.float32)).shape == (0, 4)


@given(letterbox=SMALL_LETTERBOXES, pad_value=st.sampled_from([0, 114, 255]))
def test_padding_is_everywhere_but_in_the_picture(letterbox: Letterbox, pad_value: int) -> None:
    source = np.full((letterbox.source_height, letterbox.source_width, 3), 37, np.uint8)
    expected = np.full((letterbox.target_height, letterbox.target_width, 3), pad_value, np.uint8)
    expected[picture(letterbox)] = 37
    np.testing.assert_array_equal(letterbox.apply(source, pad_value), expected)


@given(letterbox=SMALL_LETTERBOXES, pad_value=st.sampled_from([0, 114]))
def test_reused_buffer_equals_a_fresh_one(letterbox: Letterbox, pad_value: int) -> None:
    image = noise(letterbox)
    height, width = letterbox.target_height, letterbox.target_width
    fresh = letterbox.apply(image, pad_value)
    # One of a batch, as a runtime hands it out, and a window that is not contiguous.
    batch = np.full((2, height, width, 3), 99, np.uint8)
    wide = np.full((height + 5, width + 7, 3), 99, np.uint8)
    for out in (batch[1], wide[2:2 + height, 3:3 + width]):
        assert letterbox.apply(image, pad_value, out=out) is out
        np.testing.assert_array_equal(out, fresh)
    assert np.all(batch[0] == 99)
    wide[2:2 + height, 3:3 + width] = 99
    assert np.all(wide == 99)


@pytest.mark.parametrize('channels', [1, 3, 4])
@pytest.mark.parametrize('source', [(97, 61), (64, 64), (3, 5), (1, 300)])
def test_every_number_of_channels_is_kept(channels: int, source: tuple[int, int]) -> None:
    letterbox = Letterbox(*source, 64, 64)
    image = noise(letterbox, channels)
    target = letterbox.apply(image, 0)
    assert target.shape == (64, 64, channels)
    for channel in range(channels):
        alone = letterbox.apply(np.ascontiguousarray(image[..., channel:channel + 1]), 0)
        np.testing.assert_array_equal(target[..., channel], alone[..., 0])


@pytest.mark.parametrize(
    'view',
    [
        pytest.param(lambda image: image[..., ::-1], id='channels reversed'),
        pytest.param(lambda image: image[::-1], id='upside down'),
        pytest.param(lambda image: image[:, ::-1], id='mirrored'),
        pytest.param(lambda image: image[::2, 1::3], id='every other pixel'),
        pytest.param(lambda image: image.transpose(1, 0, 2), id='transposed'),
    ],
)
def test_source_may_be_a_view_and_read_only(view: Any) -> None:
    image = view(np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8))
    image.setflags(write=False)
    letterbox = Letterbox(image.shape[1], image.shape[0], 64, 48)
    np.testing.assert_array_equal(
        letterbox.apply(image, 0), letterbox.apply(np.ascontiguousarray(image), 0)
    )


def test_source_of_the_target_size_is_copied() -> None:
    letterbox = Letterbox(64, 64, 64, 64)
    image = noise(letterbox)
    np.testing.assert_array_equal(letterbox.apply(image, 0), image)


@settings(max_examples=60)
@given(
    source=st.tuples(st.integers(20, 600), st.integers(20, 600)),
    target=st.tuples(st.integers(64, 160), st.integers(64, 160)),
    corners=st.tuples(SHARES, SHARES, SHARES, SHARES),
    resize=RESIZES,
)
def test_rectangle_in_the_source_is_found_where_to_target_says(
    source: tuple[int, int], target: tuple[int, int], corners: tuple[float, ...], resize: str
) -> None:
    letterbox = Letterbox(*source, *target, resize)
    left, right = sorted(int(share * source[0]) for share in corners[:2])
    top, bottom = sorted(int(share * source[1]) for share in corners[2:])
    expected = letterbox.to_target(np.array([[left, top, right, bottom]], np.float32))[0]
    # One pixel wide, it may fade below half of its brightness.
    assume(min(expected[2:] - expected[:2]) >= 3)
    image = np.zeros((source[1], source[0], 3), np.uint8)
    image[top:bottom, left:right] = 255
    rows, columns = np.nonzero(letterbox.apply(image, 0)[..., 0] > 127)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(found, expected, atol=1)


@pytest.mark.parametrize(
    ('source', 'axis'), [((640, 640), 0), ((640, 640), 1), ((1, 3000), 0), ((4000, 1), 1)]
)
def test_shrinking_averages_fine_stripes_to_grey(source: tuple[int, int], axis: int) -> None:
    # A person of a few pixels must fade, not fall between two samples.
    letterbox = Letterbox(*source, 64, 64)
    image = np.zeros((source[1], source[0], 3), np.uint8)
    if axis == 0:
        image[::2] = 255
    else:
        image[:, ::2] = 255
    grey = letterbox.apply(image, 0)[picture(letterbox)].astype(int)
    assert np.all(np.abs(grey - 127.5) <= 4)


@pytest.mark.parametrize('sizes', [(0, 1, 32, 32), (1, 0, 32, 32), (1, 1, 0, 32), (1, 1, 32, -1)])
def test_size_without_pixels_is_refused(sizes: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match='expected sizes of at least 1 pixel, got'):
        Letterbox(*sizes)


def test_unknown_way_to_resize_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of \('letterbox', .*\), got 'crop'"):
        Letterbox(64, 48, 32, 32, 'crop')


def test_image_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r'an image of \(48, 64\) pixels, got \(64, 48\)'):
        Letterbox(64, 48, 32, 32).apply(np.zeros((64, 48, 3), np.uint8), 0)


def test_image_that_is_not_uint8_is_refused() -> None:
    with pytest.raises(ValueError, match='expected uint8 pixels, got float32'):
        Letterbox(64, 48, 32, 32).apply(np.zeros((48, 64, 3), np.float32), 0)  # type: ignore


@pytest.mark.parametrize(
    ('shape', 'dtype'), [((32, 33, 3), 'uint8'), ((32, 32, 4), 'uint8'), ((32, 32, 3), 'int8')]
)
def test_buffer_that_cannot_hold_the_target_is_refused(
    shape: tuple[int, ...], dtype: str
) -> None:
    out: Any = np.zeros(shape, dtype)
    with pytest.raises(ValueError, match=r'expected a buffer of \(32, 32, 3\) uint8, got'):
        Letterbox(64, 48, 32, 32).apply(np.zeros((48, 64, 3), np.uint8), 0, out=out)
