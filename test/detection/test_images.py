# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Camera messages become pixels, or an ImageError with a reason; nothing else."""

import contextlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.images import to_bgr
from compressed_detector.errors import ImageError

BLUE_THEN_RED = np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)


def raw(encoding, data, width=2, height=1, step=None):
    step = len(data) // height if step is None else step
    return SimpleNamespace(encoding=encoding, width=width, height=height, step=step, data=data)


def compressed(data, name='jpeg'):
    return SimpleNamespace(format=name, data=data)


@pytest.mark.parametrize(('encoding', 'data'), [
    ('bgr8', bytes([255, 0, 0, 0, 0, 255])),
    ('rgb8', bytes([0, 0, 255, 255, 0, 0])),
    ('bgra8', bytes([255, 0, 0, 9, 0, 0, 255, 9])),
    ('rgba8', bytes([0, 0, 255, 9, 255, 0, 0, 9])),
])
def test_colour_encodings_give_the_same_bgr_pixels(encoding, data):
    np.testing.assert_array_equal(to_bgr(raw(encoding, data)), BLUE_THEN_RED)


def test_mono8_gives_grey_pixels():
    np.testing.assert_array_equal(to_bgr(raw('mono8', bytes([7, 9]))), [[[7] * 3, [9] * 3]])


def test_padding_at_the_end_of_rows_is_skipped():
    data = bytes([1, 2, 3, 4, 5, 6, 99, 99, 7, 8, 9, 10, 11, 12, 99, 99])
    image = to_bgr(raw('bgr8', data, height=2))
    assert image.reshape(-1).tolist() == list(range(1, 13))


def test_bgr8_is_viewed_without_a_copy():
    data = bytearray([0] * 6)
    image = to_bgr(raw('bgr8', data))
    data[3] = 42
    assert image[0, 1, 0] == 42


@pytest.mark.parametrize(('message', 'reason'), [
    (raw('bgr8', bytes(6), width=0), 'size'),
    (raw('bgr8', bytes(6), height=0, step=6), 'size'),
    (raw('bgr8', bytes(6), width=2**31, height=2**31, step=6), 'size'),
    (raw('bgr8', bytes(6), step=5), 'step'),
    (raw('bgr8', bytes(6), height=2, step=6), 'length'),
    (raw('klingon8', bytes(6)), 'encoding'),
    (compressed(b''), 'format'),
    (compressed(b'no picture at all'), 'format'),
])
def test_a_bad_message_is_refused_for_its_reason(message, reason):
    with pytest.raises(ImageError, match='expected') as caught:
        to_bgr(message)
    assert caught.value.reason == reason


def test_rare_encodings_go_to_the_given_converter():
    converted = np.zeros((1, 2, 3), np.uint8)
    assert to_bgr(raw('yuv422', bytes(4)), lambda message: converted) is converted


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
def test_compressed_pictures_are_decoded_to_bgr(extension):
    picture = np.full((16, 16, 3), (200, 30, 90), np.uint8)
    decoded = to_bgr(compressed(cv2.imencode(extension, picture)[1].tobytes()))
    assert decoded.shape == (16, 16, 3)
    assert np.abs(decoded.astype(int) - picture).max() <= 4


@given(cut=st.integers(min_value=2, max_value=600))
def test_a_jpeg_cut_off_anywhere_is_refused(cut):
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 255, (32, 32, 3), np.uint8)
    whole = cv2.imencode('.jpg', picture)[1].tobytes()
    with pytest.raises(ImageError):
        to_bgr(compressed(whole[:min(cut, len(whole) - 2)]))


@given(st.builds(
    raw,
    st.sampled_from(['bgr8', 'rgba8', 'mono8', '8UC3', '']),
    st.binary(max_size=200),
    width=st.integers(0, 2**32 - 1) | st.integers(0, 12),
    height=st.integers(1, 2**32 - 1) | st.integers(1, 12),
    step=st.integers(0, 2**32 - 1) | st.integers(0, 40),
))
def test_whatever_a_raw_message_says_only_pixels_or_an_image_error_come_out(message):
    try:
        image = to_bgr(message)
    except ImageError:
        return
    assert image.shape == (message.height, message.width, 3)
    image.sum()  # every pixel can be read


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: b'\xff\xd8' + tail))
def test_whatever_bytes_come_compressed_only_pixels_or_an_image_error_come_out(data):
    with contextlib.suppress(ImageError):
        assert to_bgr(compressed(data)).ndim == 3
