# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
JPEG and PNG as image_transport sends them, as BGR; nothing else is given to a decoder.

What a decoder can be talked into is an attack surface, and a picture of a few kilobytes can claim
gigabytes: the format is told by its first bytes, and its size is read before it is decoded.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np

from compressed_detector.detection.raw_images import DEMOSAICS, demosaic
from compressed_detector.detection.types import Image
from compressed_detector.errors import ImageError

_JPEG_START, _JPEG_END = b'\xff\xd8\xff', b'\xff\xd9'
_PNG_START, _PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND\xaeB`\x82'
_PNG_HEADER = b'\x00\x00\x00\rIHDR'
# Some encoders pad what they send.
_PADDING = 64
# Cameras and editors write a dozen segments before the size of the picture.
_MAX_JPEG_SEGMENTS = 1000
# All start-of-frame markers; 0xC4, 0xC8 and 0xCC among them are tables (ITU T.81, table B.1).
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN = 0xDA
# Boxes and calibration belong to the picture as the sensor saw it: EXIF must not turn it.
_AS_SENT = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
_MOSAIC = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION


def size_of(data: bytes, name: str) -> tuple[int, int]:
    """
    Return width and height that a whole JPEG or PNG states, without decoding it.

    ``name`` is the format as the message states it. Raises ImageError with the reason format,
    jpeg or png.
    """
    tail = data[-_PADDING:]
    if data.startswith(_PNG_START):
        if _PNG_END not in tail:
            raise _truncated('png', data)
        return _png_size(data)
    if data.startswith(_JPEG_START):
        # libjpeg fills the missing part of a truncated picture with grey and calls it a success:
        # a detector would see an empty road there.
        if _JPEG_END not in tail:
            raise _truncated('jpeg', data)
        return _jpeg_size(data)
    if 'compressedDepth' in name:
        raise ImageError('format', 'expected a picture, got a compressedDepth image: subscribe '
                         'the colour image, and set depth_topic to the raw depth image')
    raise ImageError('format', f'expected a JPEG or PNG, got {len(data)} bytes of format '
                     f'{name!r:.60} that begin with {data[:8]!r}; set the format parameter of '
                     'the compressed transport of the camera to jpeg or png')


def decode(data: bytes, name: str) -> Image:
    """
    Return the picture (H, W, 3), uint8, of what size_of has accepted; raises ImageError.

    16 bits keep their upper 8. A PNG of a raw encoding that is a mosaic is demosaicked:
    image_transport stores it as it is.
    """
    encoding, _, transport = name.partition(';')
    if encoding in ('16UC1', '32FC1'):
        raise ImageError('encoding', f'expected a picture, got a depth image ({encoding}); it '
                         'belongs on depth_topic, without compression')
    pattern = encoding.rstrip('0123456789')
    mosaic = pattern in DEMOSAICS and transport.strip() == 'png compressed'
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), _MOSAIC if mosaic else _AS_SENT)
    except cv2.error as error:
        raise ImageError('format', f'cannot decode {name!r:.60}: {error}') from error
    if image is None:
        raise ImageError('png' if data.startswith(_PNG_START) else 'jpeg', 'expected a picture '
                         f'that OpenCV decodes, got {len(data)} damaged bytes')
    decoded: Image = demosaic(pattern, image) if mosaic else image
    return decoded


def _truncated(reason: str, data: bytes) -> ImageError:
    return ImageError(reason, f'expected a whole {reason.upper()}, got {len(data)} bytes without '
                      'an end marker: truncated on the way')


def _png_size(data: bytes) -> tuple[int, int]:
    header = data[len(_PNG_START):][:16]
    if not header.startswith(_PNG_HEADER):
        raise ImageError('png', f'expected a PNG that begins with its header, got {header!r}')
    width, height = struct.unpack('>II', header[8:])
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the segments up to the start of the frame (ITU T.81, B.2.2)."""
    position = 2
    for _ in range(_MAX_JPEG_SEGMENTS):
        segment = data[position:position + 9]
        if len(segment) < 9 or segment[0] != 0xFF or segment[1] == _JPEG_SCAN:
            break
        if segment[1] == 0xFF:
            position += 1  # a fill byte
            continue
        if segment[1] in _JPEG_FRAMES:
            height, width = struct.unpack('>HH', segment[5:])
            return width, height
        position += 2 + struct.unpack('>H', segment[2:4])[0]
    raise ImageError('jpeg', f'expected a JPEG that states its size, got {len(data)} bytes whose '
                     'segments are damaged')
