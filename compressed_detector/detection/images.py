# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Camera messages to BGR arrays: no copy where none is needed, never a crash.

Works on anything with the fields of sensor_msgs Image or CompressedImage, so that the live node
and the reader of recorded bags share it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compressed_detector.detection import compressed_images
from compressed_detector.detection.raw_images import DECODERS
from compressed_detector.detection.types import Image
from compressed_detector.errors import ImageError

# An 8K picture fits: 96 MiB of BGR, and as much again or twice that while a progressive JPEG is
# decoded.
MAX_PIXELS = 32 * 2**20
_DEPTH_ENCODINGS = ('16UC1', '32FC1')  # REP 118


def to_bgr(message: Any, convert_other: Callable[[Any], Image] | None = None) -> Image:
    """
    Return the picture of a sensor_msgs Image or CompressedImage as BGR (H, W, 3), uint8.

    A bgr8 Image is viewed, not copied: the array is valid as long as the message. Raises
    ImageError whose ``reason`` is one of size, step, length, encoding, jpeg, png, format.
    Encodings that are not known here go to ``convert_other`` when it is given.
    """
    if not hasattr(message, 'encoding'):
        return _compressed_to_bgr(message)
    _require_size(message.width, message.height)
    decode = DECODERS.get(message.encoding)
    if decode is not None:
        return decode(message)
    if message.encoding in _DEPTH_ENCODINGS:
        raise ImageError('encoding', f'expected a picture, got a depth image ({message.encoding}, '
                         'REP 118); it belongs on depth_topic; a grey camera sends mono8 or '
                         'mono16')
    if convert_other is not None:
        return convert_other(message)
    raise ImageError('encoding', f'expected an encoding of {sorted(DECODERS)}, got '
                     f'{message.encoding!r:.60}; change the format that the camera driver sends')


def _compressed_to_bgr(message: Any) -> Image:
    data = bytes(message.data)
    _require_size(*compressed_images.size_of(data, message.format))
    return compressed_images.decode(data, message.format)


def _require_size(width: int, height: int) -> None:
    if not 0 < height * width <= MAX_PIXELS:
        raise ImageError('size', f'expected 1 to {MAX_PIXELS} pixels, got {width} x {height}')
