# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Raw camera messages become pixels, or an ImageError with a reason; nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.images import to_bgr
from compressed_detector.detection.raw_images import DECODERS
from compressed_detector.errors import ImageError

BLUE, RED = (255, 0, 0), (0, 0, 255)
# What BT.601 makes of them, Y U V, by its definition: luma 16 to 235, chroma 16 to 240.
BLUE_YUV, RED_YUV = (41, 240, 110), (81, 90, 240)
BAYER = ('rggb', 'bggr', 'gbrg', 'grbg')


def raw(encoding, data, width=2, height=1, step=None, is_bigendian=0):
    step = len(data) // height if step is None else step
    return SimpleNamespace(encoding=encoding, width=width, height=height, step=step, data=data,
                           is_bigendian=is_bigendian)


def padded(rows, padding):
    """Return rows of bytes with something at their ends that is no pixel."""
    return b''.join(bytes(row) + b'\xa5' * padding for row in rows)


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize(('encoding', 'row'), [
    ('bgr8', [*BLUE, *RED]),
    ('8UC3', [*BLUE, *RED]),
    ('rgb8', [*BLUE[::-1], *RED[::-1]]),
    ('bgra8', [*BLUE, 9, *RED, 9]),
    ('rgba8', [*BLUE[::-1], 9, *RED[::-1], 9]),
])
def test_colour_encodings_give_the_same_bgr_pixels(encoding, row, padding):
    message = raw(encoding, padded([row, row], padding), height=2)
    np.testing.assert_array_equal(to_bgr(message), [[BLUE, RED]] * 2)


@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize(('encoding', 'pixels'), [
    ('bgr16', [*BLUE, *RED]),
    ('rgb16', [*BLUE[::-1], *RED[::-1]]),
    ('bgra16', [*BLUE, 9, *RED, 9]),
    ('rgba16', [*BLUE[::-1], 9, *RED[::-1], 9]),
])
def test_16_bit_colour_is_read_in_the_byte_order_that_the_message_states(
    encoding, pixels, padding, big
):
    row = (np.array(pixels) * 257).astype('>u2' if big else '<u2').tobytes()
    message = raw(encoding, padded([row, row], padding), height=2, is_bigendian=int(big))
    np.testing.assert_array_equal(to_bgr(message), [[BLUE, RED]] * 2)


@pytest.mark.parametrize('padding', [0, 2])
@pytest.mark.parametrize(('encoding', 'order'), [
    ('uyvy', 'uyvy'), ('yuv422', 'uyvy'), ('yuyv', 'yuyv'), ('yuv422_yuy2', 'yuyv'),
])
def test_yuv_422_shares_colour_between_two_pixels_of_a_row(encoding, order, padding):
    def pair(y, u, v):
        return [{'y': y, 'u': u, 'v': v}[letter] for letter in order]

    row = [*pair(*BLUE_YUV), *pair(*RED_YUV)]
    image = to_bgr(raw(encoding, padded([row, row], padding), width=4, height=2))
    np.testing.assert_allclose(image, [[BLUE, BLUE, RED, RED]] * 2, atol=2)


@pytest.mark.parametrize('padding', [0, 2])
def test_nv21_has_v_and_u_of_two_by_two_pixels_below_the_luma(padding):
    (blue, blue_u, blue_v), (red, red_u, red_v) = BLUE_YUV, RED_YUV
    luma = [blue, blue, red, red]
    data = padded([luma, luma, [blue_v, blue_u, red_v, red_u]], padding)
    image = to_bgr(raw('nv21', data, width=4, height=2, step=4 + padding))
    np.testing.assert_allclose(image, [[BLUE, BLUE, RED, RED]] * 2, atol=2)


@pytest.mark.parametrize('padding', [0, 3])
def test_nv24_has_u_and_v_of_every_pixel_below_the_luma_in_rows_twice_as_long(padding):
    (blue, *blue_uv), (red, *red_uv) = BLUE_YUV, RED_YUV
    luma = padded([[blue, red]] * 2, padding)
    chroma = padded([[*blue_uv, *red_uv]] * 2, 2 * padding)
    image = to_bgr(raw('nv24', luma + chroma, height=2, step=2 + padding))
    np.testing.assert_allclose(image, [[BLUE, RED]] * 2, atol=2)


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('pattern', BAYER)
def test_bayer_patterns_are_named_by_their_first_pixels_as_ros_does(pattern, padding):
    values = {'b': 30, 'g': 90, 'r': 200}
    first, second = ([values[letter] for letter in half] for half in (pattern[:2], pattern[2:]))
    rows = [first * 4, second * 4] * 3
    image = to_bgr(raw(f'bayer_{pattern}8', padded(rows, padding), width=8, height=6))
    np.testing.assert_array_equal(image, np.full((6, 8, 3), (30, 90, 200)))


@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('pattern', BAYER)
def test_16_bit_bayer_is_scaled_as_every_16_bit_picture(pattern, big):
    values = {'b': 30 * 257, 'g': 90 * 257, 'r': 200 * 257}
    rows = np.array([[values[letter] for letter in half] * 4
                     for half in (pattern[:2], pattern[2:])] * 3)
    data = rows.astype('>u2' if big else '<u2').tobytes()
    image = to_bgr(raw(f'bayer_{pattern}16', data, width=8, height=6, is_bigendian=int(big)))
    np.testing.assert_array_equal(image, np.full((6, 8, 3), (30, 90, 200)))


def test_mono8_gives_grey_pixels():
    np.testing.assert_array_equal(to_bgr(raw('mono8', bytes([7, 9]))), [[[7] * 3, [9] * 3]])


@pytest.mark.parametrize('big', [False, True])
def test_mono16_is_scaled_from_the_full_range_as_cv_bridge_does(big):
    # 255 / 65535 is 1 / 257; 12 bits in the lower end of 16 stay dark, there as here.
    data = np.array([0, 128, 129, 257, 4095, 65535], '>u2' if big else '<u2').tobytes()
    image = to_bgr(raw('mono16', data, width=6, is_bigendian=int(big)))
    assert image[0].tolist() == [[value] * 3 for value in (0, 0, 1, 1, 16, 255)]


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
    (raw('mono16', bytes(4), step=3), 'step'),
    (raw('rgba16', bytes(15), step=16), 'length'),
    (raw('uyvy', bytes(6), width=3), 'size'),
    (raw('yuyv', bytes(3), step=3), 'step'),
    (raw('nv21', bytes(9), width=2, height=3, step=2), 'size'),
    (raw('nv21', bytes(9), width=3, height=2, step=3), 'size'),
    (raw('nv21', bytes(5), width=2, height=2, step=2), 'length'),
    (raw('nv24', bytes(11), width=2, height=2, step=2), 'length'),
    (raw('bayer_rggb8', bytes(8), width=4, height=2), 'size'),
    (raw('klingon8', bytes(6)), 'encoding'),
    (raw('RGB8', bytes(6)), 'encoding'),
    (raw('', bytes(6)), 'encoding'),
])
def test_a_bad_message_is_refused_for_its_reason(message, reason):
    with pytest.raises(ImageError, match='expected') as caught:
        to_bgr(message)
    assert caught.value.reason == reason


def test_a_refusal_stays_short_whatever_it_quotes():
    with pytest.raises(ImageError) as caught:
        to_bgr(raw('x' * 10**6, bytes(6)))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
def test_a_depth_image_is_no_picture_and_is_told_where_it_belongs(encoding):
    converted = np.zeros((1, 2, 3), np.uint8)
    with pytest.raises(ImageError, match='depth_topic') as caught:
        to_bgr(raw(encoding, bytes(8)), lambda message: converted)
    assert caught.value.reason == 'encoding'


def test_encodings_that_are_not_known_go_to_the_given_converter():
    converted = np.zeros((1, 2, 3), np.uint8)
    assert to_bgr(raw('nv12', bytes(4)), lambda message: converted) is converted


@given(st.builds(
    raw,
    st.sampled_from([*DECODERS, '']),
    st.binary(max_size=200),
    width=st.integers(0, 2**32 - 1) | st.integers(0, 12),
    height=st.integers(1, 2**32 - 1) | st.integers(1, 12),
    step=st.integers(0, 2**32 - 1) | st.integers(0, 40),
    is_bigendian=st.integers(0, 1),
))
def test_whatever_a_raw_message_says_only_pixels_or_an_image_error_come_out(message):
    try:
        image = to_bgr(message)
    except ImageError:
        return
    assert image.shape == (message.height, message.width, 3)
    assert image.dtype == np.uint8
    image.sum()  # every pixel can be read
