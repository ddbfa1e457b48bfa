# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG become the pixels that were sent, or an ImageError before they cost memory."""

import contextlib
import struct
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compressed_detector.detection.images import MAX_PIXELS, to_bgr
from compressed_detector.errors import ImageError

PNG_START = b'\x89PNG\r\n\x1a\n'
NOISE = np.random.default_rng(1).integers(0, 255, (32, 32, 3), np.uint8)
JPEG, PNG = (cv2.imencode(extension, NOISE)[1].tobytes() for extension in ('.jpg', '.png'))
# EXIF, big-endian: one entry, orientation (0x0112) 6: turn a quarter clockwise to look at it.
EXIF = b'Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0'


def compressed(data, name='jpeg'):
    return SimpleNamespace(format=name, data=data)


def chunk(kind, content):
    return struct.pack('>I', len(content)) + kind + content + struct.pack(
        '>I', zlib.crc32(kind + content)
    )


def blank_png(width, height):
    """Return a one-bit PNG, a thousand times smaller than its pixels."""
    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 1, 0, 0, 0, 0))
    return PNG_START + header + chunk(b'IDAT', rows) + chunk(b'IEND', b'')


def jpeg_that_claims(width, height):
    """Return a JPEG whose frame header (FF C0, length, precision, height, width) says so."""
    at = JPEG.index(b'\xff\xc0') + 5
    return JPEG[:at] + struct.pack('>HH', height, width) + JPEG[at + 4:]


def reason_of(message):
    with pytest.raises(ImageError, match='expected') as caught:
        to_bgr(message)
    return caught.value.reason


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
@pytest.mark.parametrize('colour', [(200, 30, 90), (77, 77, 77)])
def test_colour_pictures_are_decoded_to_bgr(extension, colour):
    picture = np.full((16, 24, 3), colour, np.uint8)
    decoded = to_bgr(compressed(cv2.imencode(extension, picture)[1].tobytes()))
    assert decoded.shape == (16, 24, 3)
    np.testing.assert_allclose(decoded, picture, atol=4)


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
def test_grey_pictures_are_decoded_to_bgr(extension):
    picture = np.full((16, 24), 77, np.uint8)
    decoded = to_bgr(compressed(cv2.imencode(extension, picture)[1].tobytes(), 'mono8; jpeg'))
    np.testing.assert_allclose(decoded, np.full((16, 24, 3), 77), atol=1)


@pytest.mark.parametrize('value', [(0x1234, 0x8000, 0xFFFF), (0x1234,)])
def test_16_bit_pngs_keep_their_upper_byte(value):
    picture = np.full((4, 4, len(value)), value, np.uint16)
    decoded = to_bgr(compressed(cv2.imencode('.png', picture)[1].tobytes(), 'bgr16; png'))
    expected = [number >> 8 for number in value] * (3 // len(value))
    np.testing.assert_array_equal(decoded, np.full((4, 4, 3), expected))


def test_transparency_is_dropped():
    picture = np.full((4, 4, 4), (10, 20, 30, 0), np.uint8)
    decoded = to_bgr(compressed(cv2.imencode('.png', picture)[1].tobytes(), 'bgra8; png'))
    np.testing.assert_array_equal(decoded, np.full((4, 4, 3), (10, 20, 30)))


def test_a_png_of_a_mosaic_is_demosaicked_because_image_transport_does_not():
    mosaic = np.tile(np.array([[200, 90], [90, 30]], np.uint8), (4, 4))  # R G, G B
    data = cv2.imencode('.png', mosaic)[1].tobytes()
    decoded = to_bgr(compressed(data, 'bayer_rggb8; png compressed '))
    np.testing.assert_array_equal(decoded, np.full((8, 8, 3), (30, 90, 200)))
    # A driver that has demosaicked before it compresses says so.
    np.testing.assert_array_equal(
        to_bgr(compressed(data, 'bayer_rggb8; png compressed bgr8')), np.dstack([mosaic] * 3)
    )


def test_exif_does_not_turn_the_picture_away_from_its_calibration():
    upright = cv2.imencode('.jpg', np.zeros((16, 32, 3), np.uint8))[1].tobytes()
    segment = b'\xff\xe1' + struct.pack('>H', 2 + len(EXIF)) + EXIF
    turned = upright[:2] + segment + upright[2:]
    assert cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR).shape == (32, 16, 3)
    assert to_bgr(compressed(turned)).shape == (16, 32, 3)


@pytest.mark.parametrize('data', [
    jpeg_that_claims(65500, 65500),
    blank_png(65536, 1025),
    PNG_START + chunk(b'IHDR', struct.pack('>IIBBBBB', 2**31 - 1, 2**31 - 1, 8, 2, 0, 0, 0))
    + chunk(b'IEND', b''),
    jpeg_that_claims(0, 32),
    jpeg_that_claims(32, 0),
])
def test_a_picture_that_claims_too_much_is_refused_before_it_is_decoded(data, monkeypatch):
    def imdecode(*_):
        raise AssertionError('decoded')

    monkeypatch.setattr(cv2, 'imdecode', imdecode)
    assert reason_of(compressed(data)) == 'size'


def test_a_picture_within_the_limit_is_decoded():
    width, height = 8192, MAX_PIXELS // 8192 // 8
    assert to_bgr(compressed(blank_png(width, height))).shape == (height, width, 3)


@pytest.mark.parametrize('extension', ['.bmp', '.webp', '.tiff', '.ppm'])
def test_other_formats_are_refused_although_opencv_decodes_them(extension):
    data = cv2.imencode(extension, NOISE)[1].tobytes()
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) is not None
    assert reason_of(compressed(data)) == 'format'


@pytest.mark.parametrize(('message', 'reason', 'words'), [
    (compressed(b''), 'format', 'JPEG or PNG'),
    (compressed(b'no picture at all'), 'format', 'JPEG or PNG'),
    (compressed(JPEG[1:]), 'format', 'JPEG or PNG'),
    (compressed(bytes(12) + PNG, '16UC1; compressedDepth png'), 'format', 'depth_topic'),
    (compressed(PNG, '16UC1; png compressed '), 'encoding', 'depth_topic'),
    (compressed(PNG_START), 'png', 'truncated'),
    (compressed(PNG[:-8]), 'png', 'truncated'),
    (compressed(PNG_START + PNG[-12:]), 'png', 'header'),
    (compressed(PNG[:60] + b'!' + PNG[61:]), 'png', 'damaged'),
    (compressed(PNG[:len(PNG) // 2] + PNG[-12:]), 'png', 'damaged'),
    (compressed(JPEG[:-2]), 'jpeg', 'truncated'),
    (compressed(JPEG[:2] + JPEG[-2:]), 'jpeg', 'segments'),
    (compressed(JPEG[:30] + JPEG[-2:]), 'jpeg', 'segments'),
    (compressed(JPEG[:20] + b'!' + JPEG[21:]), 'jpeg', 'segments'),
    (compressed(JPEG[:2] + b'\xff\xfe\0\2' * 1001 + JPEG[2:]), 'jpeg', 'segments'),
])
def test_what_is_no_whole_picture_is_refused_for_its_reason(message, reason, words):
    with pytest.raises(ImageError, match=words):
        to_bgr(message)
    assert reason_of(message) == reason


def test_fill_bytes_and_padding_are_allowed_where_the_standard_or_encoders_have_them():
    filled = JPEG[:2] + b'\xff\xff' + JPEG[2:] + bytes(32)
    np.testing.assert_array_equal(to_bgr(compressed(filled)), to_bgr(compressed(JPEG)))


@pytest.mark.parametrize('whole', [JPEG, PNG])
@given(data=st.data())
def test_a_picture_cut_off_anywhere_is_refused(whole, data):
    cut = data.draw(st.integers(min_value=0, max_value=len(whole) - 3))
    with pytest.raises(ImageError):
        to_bgr(compressed(whole[:cut]))


@given(
    st.binary(max_size=300)
    | st.tuples(st.sampled_from([JPEG[:3], PNG_START, PNG[:24], JPEG[:180]]),
                st.binary(max_size=100),
                st.sampled_from([b'', JPEG[-2:], PNG[-12:]])).map(b''.join)
)
@example(b'\xff\xd8\xff\xd9')
@example(JPEG[:3] + b'\xff\xd9')
def test_whatever_bytes_come_only_pixels_or_an_image_error_come_out(data):
    with contextlib.suppress(ImageError):
        assert to_bgr(compressed(data)).ndim == 3
