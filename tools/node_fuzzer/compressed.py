# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Compressed images: truncated, damaged, of other formats, or claiming to be gigabytes."""

from __future__ import annotations

import struct
import zlib
from array import array
from random import Random

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage

from node_fuzzer.raw import EXTREMES, mutate_header

FORMATS = (
    'jpeg', 'png', 'bgr8; jpeg compressed bgr8', 'mono8; jpeg compressed mono8',
    'mono16; png compressed ', 'bayer_rggb8; png compressed ', '16UC1; png compressed ',
    '16UC1; compressedDepth png', '', ';', 'h264', 'x' * 5000, '\u4e2d',
)
PNG_START = b'\x89PNG\r\n\x1a\n'
_PIXELS = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)


def _encoded() -> list[bytes]:
    grey = _PIXELS[..., 0]
    pictures = [('.jpg', _PIXELS), ('.jpg', grey), ('.png', _PIXELS), ('.png', grey),
                ('.png', _PIXELS.astype(np.uint16) * 257), ('.bmp', _PIXELS),
                ('.webp', _PIXELS), ('.tiff', _PIXELS), ('.ppm', _PIXELS)]
    files = [cv2.imencode(extension, picture)[1].tobytes() for extension, picture in pictures]
    files.append(cv2.imencode('.jpg', _PIXELS, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes())
    return files


FILES = _encoded()


def image(random: Random) -> CompressedImage:
    """Return a picture of which up to four things are wrong."""
    # JPEG and PNG four times as often as what is refused by its first bytes.
    data = random.choice(FILES[:5] * 4 + FILES)
    for _ in range(random.randint(0, 4)):
        data = random.choice(MUTATIONS)(random, data)
    message = CompressedImage(format=random.choice(FORMATS))
    message.data = array('B', data)
    mutate_header(random, message.header)
    return message


def bomb(random: Random) -> bytes:
    """Return a one-bit PNG that is a thousand times smaller than its pixels, valid or not."""
    width, height = random.choice(((2**16, 1025), (8192, 1024), (4, 2**20), (2**31 - 1, 1)))
    rows = zlib.compress(bytes(min((width // 8 + 1) * height, 2**20)))
    header = _chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 1, 0, 0, 0, 0))
    return PNG_START + header + _chunk(b'IDAT', rows) + _chunk(b'IEND', b'')


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack('>I', len(content)) + kind + content + struct.pack(
        '>I', zlib.crc32(kind + content)
    )


def _cut(random: Random, data: bytes) -> bytes:
    return data[:random.randint(0, len(data))]


def _cut_but_keep_the_end(random: Random, data: bytes) -> bytes:
    return data[:random.randint(0, len(data))] + data[-12:]


def _flip(random: Random, data: bytes) -> bytes:
    flipped = bytearray(data)
    for _ in range(random.randint(1, 20) if data else 0):
        flipped[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _damage_the_header(random: Random, data: bytes) -> bytes:
    at = random.randint(0, 40)
    return data[:at] + random.randbytes(random.randint(1, 8)) + data[at:]


def _splice(random: Random, data: bytes) -> bytes:
    other = random.choice(FILES)
    return data[:random.randint(0, len(data))] + other[random.randint(0, len(other)):]


def _claim(random: Random, data: bytes) -> bytes:
    """State another size, in JPEG's frame header or in PNG's first chunk, with a right CRC."""
    width, height = random.choice(EXTREMES), random.choice(EXTREMES)
    if data.startswith(PNG_START) and len(data) > 40:
        header = struct.pack('>II', width, height) + data[24:29]
        return PNG_START + _chunk(b'IHDR', header) + data[33:]
    at = data.find(b'\xff\xc0') + 5
    return data[:at] + struct.pack('>HH', height % 2**16, width % 2**16) + data[at + 4:]


def _insert_chunk(random: Random, data: bytes) -> bytes:
    """Put a compressed text or profile of a megabyte of zeros into a PNG."""
    kind = random.choice((b'zTXt', b'iCCP', b'acTL', b'eXIf', b'PLTE', b'tRNS', b'abcd'))
    return data[:33] + _chunk(kind, b'a\0\0' + zlib.compress(bytes(2**20))) + data[33:]


def _noise(random: Random, data: bytes) -> bytes:
    return data[:random.choice((0, 3, 8))] + random.randbytes(random.randint(0, 500))


def _bomb(random: Random, data: bytes) -> bytes:
    return bomb(random) if random.random() < 0.2 else data


MUTATIONS = (_cut, _cut_but_keep_the_end, _flip, _damage_the_header, _splice, _claim,
             _insert_chunk, _noise, _bomb)
