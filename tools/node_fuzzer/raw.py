# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Raw images: a well-formed one of any encoding, and what drivers and networks make of it."""

from __future__ import annotations

from array import array
from random import Random
from typing import Any

from sensor_msgs.msg import Image

ENCODINGS = (
    'bgr8', 'rgb8', 'bgra8', 'rgba8', 'mono8', 'mono16', 'bgr16', 'rgba16', 'uyvy', 'yuv422',
    'yuyv', 'yuv422_yuy2', 'nv21', 'nv24', 'bayer_rggb8', 'bayer_bggr8', 'bayer_gbrg8',
    'bayer_grbg8', 'bayer_rggb16', 'bayer_grbg16', '8UC1', '8UC3',
)
ODD_ENCODINGS = (
    '', ' ', 'BGR8', 'bgr8 ', 'nv12', 'h264', '16UC1', '32FC1', '64FC4', '8UC200', 'bayer_',
    'x' * 5000, 'bgr8\n', '\u00fc\u4e2d\u6587', '%s%n', '../../etc',
)
BYTES_PER_PIXEL = {
    'bgr8': 3, 'rgb8': 3, '8UC3': 3, 'bgra8': 4, 'rgba8': 4, 'mono16': 2, 'bgr16': 6, 'rgba16': 8,
    'uyvy': 2, 'yuv422': 2, 'yuyv': 2, 'yuv422_yuy2': 2, 'bayer_rggb16': 2, 'bayer_grbg16': 2,
}
PLANES = {'nv21': 1.5, 'nv24': 3.0}
EXTREMES = (0, 1, 2, 3, 5, 63, 65, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1)


def image(random: Random) -> Image:
    """Return an image of which up to three things are wrong."""
    message = well_formed(random, random.choice(ENCODINGS))
    for _ in range(random.randint(0, 3)):
        random.choice(MUTATIONS)(random, message)
    mutate_header(random, message.header)
    return message


def well_formed(random: Random, encoding: str, pixel_bytes: int | None = None) -> Image:
    """Return an image of random pixels, with padding now and then."""
    width, height = 2 * random.randint(1, 40), 2 * random.randint(1, 40)
    row = width * (pixel_bytes or BYTES_PER_PIXEL.get(encoding, 1))
    step = row + random.choice((0, 0, 0, 1, 7))
    message = Image(encoding=encoding, width=width, height=height, step=step)
    message.data = array('B', random.randbytes(int(step * height * PLANES.get(encoding, 1))))
    return message


def mutate_header(random: Random, header: Any) -> None:
    """Make half of the stamps and frames strange."""
    header.stamp.sec = random.choice((1, 1, 1, 0, -1, -2**31, 2**31 - 1, 4_000_000))
    header.stamp.nanosec = random.choice((0, 0, 0, 1, 10**9, 2**32 - 1))
    header.frame_id = random.choice(('camera', 'camera', '', '/', 'a/b c', '\u4e2d', 'f' * 3000))


def _step(random: Random, message: Image) -> None:
    message.step = random.choice((*EXTREMES, max(message.step - 1, 0), message.step + 1))


def _width(random: Random, message: Image) -> None:
    message.width = random.choice((*EXTREMES, message.width + 1))


def _height(random: Random, message: Image) -> None:
    message.height = random.choice((*EXTREMES, message.height + 1))


def _encoding(random: Random, message: Image) -> None:
    message.encoding = random.choice((*ODD_ENCODINGS, *ENCODINGS))


def _byte_order(random: Random, message: Image) -> None:
    message.is_bigendian = random.choice((0, 1, 2, 255))


def _short(random: Random, message: Image) -> None:
    message.data = message.data[:random.randint(0, len(message.data))]


def _long(random: Random, message: Image) -> None:
    message.data = message.data + array('B', bytes(random.randint(1, 100_000)))


MUTATIONS = (_step, _width, _height, _encoding, _byte_order, _short, _long)
