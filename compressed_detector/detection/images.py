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

import cv2
import numpy as np

from compressed_detector.detection.types import Image
from compressed_detector.errors import ImageError

MAX_PIXELS = 64 * 2**20

# Channels and the OpenCV conversion of the 8-bit encodings of sensor_msgs/image_encodings.hpp
# that need no library beyond OpenCV; the rest is cv_bridge's.
_ENCODINGS: dict[str, tuple[int, int | None]] = {
    'bgr8': (3, None),
    'rgb8': (3, cv2.COLOR_RGB2BGR),
    'bgra8': (4, cv2.COLOR_BGRA2BGR),
    'rgba8': (4, cv2.COLOR_RGBA2BGR),
    'mono8': (1, cv2.COLOR_GRAY2BGR),
    '8UC3': (3, None),
    '8UC1': (1, cv2.COLOR_GRAY2BGR),
}
_JPEG_START, _JPEG_END = b'\xff\xd8', b'\xff\xd9'


def to_bgr(message: Any, convert_other: Callable[[Any], Image] | None = None) -> Image:
    """
    Return the picture of a sensor_msgs Image or CompressedImage as BGR (H, W, 3), uint8.

    A bgr8 Image is viewed, not copied: the array is valid as long as the message. Raises
    ImageError whose ``reason`` is one of size, step, length, encoding, jpeg, format.
    Encodings beyond the common ones go to ``convert_other`` when it is given.
    """
    if not hasattr(message, 'encoding'):
        return _compressed_to_bgr(message)
    _check_size(message)
    if message.encoding in _ENCODINGS:
        return _raw_to_bgr(message)
    if convert_other is not None:
        return convert_other(message)
    raise ImageError('encoding', f'expected an encoding of {sorted(_ENCODINGS)}, got '
                     f'{message.encoding!r}; install cv_bridge, which knows more')


def _check_size(message: Any) -> None:
    if not 0 < message.height * message.width <= MAX_PIXELS:
        raise ImageError('size', f'expected 1 to {MAX_PIXELS} pixels, got {message.width} x '
                         f'{message.height}')


def _raw_to_bgr(message: Any) -> Image:
    channels, conversion = _ENCODINGS[message.encoding]
    pixels = _view(message, channels)
    if conversion is None:
        return pixels
    converted: Image = cv2.cvtColor(pixels, conversion)
    return converted


def _view(message: Any, channels: int) -> Image:
    """Return the rows of a raw message as (H, W, channels) without copying; rows may be padded."""
    height, width, step = message.height, message.width, message.step
    row = width * channels
    if step < row:
        raise ImageError('step', f'expected a step of at least {row} bytes ({width} pixels of '
                         f'{message.encoding}), got {step}')
    data = np.frombuffer(message.data, np.uint8)
    if data.size < step * (height - 1) + row:
        raise ImageError('length', f'expected {step * height} bytes ({height} rows of {step}), '
                         f'got {data.size}')
    return np.lib.stride_tricks.as_strided(
        data, (height, width, channels), (step, channels, 1), writeable=False
    )


def _compressed_to_bgr(message: Any) -> Image:
    data = np.frombuffer(message.data, np.uint8)
    head, tail = data[:2].tobytes(), data[-64:].tobytes()
    # libjpeg fills the missing part of a truncated picture with grey and calls it a success:
    # a detector would see an empty road there.
    if head == _JPEG_START and _JPEG_END not in tail:
        raise ImageError('jpeg', f'expected a whole JPEG, got {data.size} bytes without an end '
                         'marker: truncated on the way')
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error as error:
        raise ImageError('format', f'cannot decode {message.format!r}: {error}') from error
    if image is None:
        raise ImageError('format', 'expected a picture that OpenCV decodes (JPEG, PNG), got '
                         f'{data.size} bytes of format {message.format!r}')
    decoded: Image = image
    return decoded
