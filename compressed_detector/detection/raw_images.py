# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The encodings of sensor_msgs/image_encodings.hpp that hold a picture, as BGR.

Conventions are those of cv_bridge, so that a picture looks the same here as in image_proc: YUV is
BT.601 with luma from 16 to 235; 16 bits are scaled by 255 / 65535, whatever the sensor fills of
them. Mind Bayer: ROS names the first two pixels of the first two rows, OpenCV the second two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from compressed_detector.detection.types import Image
from compressed_detector.errors import ImageError

# OpenCV returns black where a side has no neighbours on both sides to interpolate between.
_LEAST_BAYER_SIDE = 3
# BT.601, from Y, Cb, Cr and 1 to B, G and R; OpenCV has 4:2:2 and 4:2:0 built in, but not 4:4:4.
_BGR_FROM_YCBCR = np.array([[1.164, 2.018, 0.0], [1.164, -0.391, -0.813], [1.164, 0.0, 1.596]])
_BGR_FROM_YCBCR1 = np.column_stack([_BGR_FROM_YCBCR, _BGR_FROM_YCBCR @ (-16, -128, -128)])


@dataclass(frozen=True)
class Packed:
    """
    All of a pixel side by side: ``samples`` of ``bits`` (8 or 16), of which OpenCV makes BGR.

    ``conversion`` is OpenCV's code, None for what is BGR. The width is a multiple of ``columns``,
    which share their colour, and no side is shorter than ``least``.
    """

    samples: int
    conversion: int | None
    bits: int = 8
    columns: int = 1
    least: int = 1

    def __call__(self, message: Any) -> Image:
        """Return the picture of a message; a view of its data where nothing is to be done."""
        _require_sides(message, self.columns, 1, self.least)
        pixels = _plane(message, message.height, message.width, self.samples, self.bits)
        if self.bits == 16:
            pixels = cv2.convertScaleAbs(pixels, alpha=255 / 65535)
        if self.conversion is None:
            return pixels
        converted: Image = cv2.cvtColor(pixels, self.conversion)
        return converted


def _nv21(message: Any) -> Image:
    """Return the picture of luma rows, and of half as many rows of V and U for 2 x 2 pixels."""
    _require_sides(message, 2, 2, 2)
    rows = message.height * 3 // 2
    converted: Image = cv2.cvtColor(_plane(message, rows, message.width), cv2.COLOR_YUV2BGR_NV21)
    return converted


def _nv24(message: Any) -> Image:
    """Return the picture of luma rows, and of as many rows of U and V, twice as long."""
    luma = _plane(message, message.height, message.width)
    chroma = _plane(
        message, message.height, message.width, 2, step=2 * message.step,
        start=message.step * message.height,
    )
    converted: Image = cv2.transform(np.dstack([luma, chroma]), _BGR_FROM_YCBCR1)
    return converted


# OpenCV names a pattern by the pixels (1, 1) and (1, 2), ROS by (0, 0), (0, 1), (1, 0), (1, 1).
DEMOSAICS = {
    'bayer_rggb': cv2.COLOR_BayerBG2BGR,
    'bayer_bggr': cv2.COLOR_BayerRG2BGR,
    'bayer_gbrg': cv2.COLOR_BayerGR2BGR,
    'bayer_grbg': cv2.COLOR_BayerGB2BGR,
}
_UYVY = Packed(2, cv2.COLOR_YUV2BGR_UYVY, columns=2)
_YUYV = Packed(2, cv2.COLOR_YUV2BGR_YUY2, columns=2)
DECODERS: dict[str, Callable[[Any], Image]] = {
    '8UC1': Packed(1, cv2.COLOR_GRAY2BGR),
    '8UC3': Packed(3, None),
    'uyvy': _UYVY,
    'yuv422': _UYVY,
    'yuyv': _YUYV,
    'yuv422_yuy2': _YUYV,
    'nv21': _nv21,
    'nv24': _nv24,
    **{
        f'{name}{bits}': Packed(samples, conversion, bits)
        for bits in (8, 16)
        for name, samples, conversion in (
            ('bgr', 3, None),
            ('rgb', 3, cv2.COLOR_RGB2BGR),
            ('bgra', 4, cv2.COLOR_BGRA2BGR),
            ('rgba', 4, cv2.COLOR_RGBA2BGR),
            ('mono', 1, cv2.COLOR_GRAY2BGR),
        )
    },
    **{
        f'{name}{bits}': Packed(1, demosaic, bits, least=_LEAST_BAYER_SIDE)
        for bits in (8, 16) for name, demosaic in DEMOSAICS.items()
    },
}


def demosaic(encoding: str, mosaic: Image) -> Image:
    """Return the BGR picture of a Bayer mosaic (H, W) of 8 bits; encoding is bayer_<pattern>."""
    if min(mosaic.shape[:2]) < _LEAST_BAYER_SIDE:
        raise ImageError('size', f'{encoding}: expected sides of at least {_LEAST_BAYER_SIDE} '
                         f'pixels, got {mosaic.shape[1]} x {mosaic.shape[0]}')
    picture: Image = cv2.cvtColor(mosaic, DEMOSAICS[encoding])
    return picture


def _require_sides(message: Any, columns: int, rows: int, least: int) -> None:
    """Raise ImageError unless the sides are multiples of columns and rows, and long enough."""
    width, height = message.width, message.height
    if width % columns or height % rows or min(width, height) < least:
        raise ImageError('size', f'{message.encoding}: expected a width that is a multiple of '
                         f'{columns}, a height that is one of {rows} and no side shorter than '
                         f'{least}, got {width} x {height}')


def _plane(
    message: Any, rows: int, columns: int, samples: int = 1, bits: int = 8,
    step: int | None = None, start: int = 0,
) -> Image:
    """
    Return the rows of a message as (rows, columns, samples), uint8 or uint16.

    Rows are ``step`` bytes apart, the message's step unless given, and may be padded. 8 bits are
    viewed, not copied; 16 are brought into the byte order of this machine. Raises ImageError.
    """
    step = message.step if step is None else step
    row = columns * samples * bits // 8
    if step < row:
        raise ImageError('step', f'expected a step of at least {row} bytes ({columns} pixels of '
                         f'{message.encoding}), got {step}')
    data = np.frombuffer(message.data, np.uint8)[start:]
    needed = step * (rows - 1) + row
    if data.size < needed:
        raise ImageError('length', f'expected {start + needed} bytes ({message.height} rows of '
                         f'{message.step}, {message.encoding}), got {len(message.data)}')
    # Not as_strided, which makes a dictionary for each image: Python's table of strings grows.
    view: Image = np.ndarray((rows, row), np.uint8, data, 0, (step, 1))
    view.flags.writeable = False
    if bits == 16:
        stored = np.dtype('>u2' if message.is_bigendian else '<u2')
        # A copy, because rows may begin at odd addresses.
        view = np.ascontiguousarray(view).view(stored).astype(np.uint16, copy=False)
    return view.reshape(rows, columns, samples)
