# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The idx format of MNIST and its kin: unsigned bytes with their shape in front."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from compressed_detector.compression import files
from compressed_detector.errors import CompressionError

UNSIGNED_BYTES = 0x08
# A dataset of MNIST's kind takes 47 MB; what expands to more is not one.
LARGEST_BYTES = 1 << 28


def read(path: Path) -> npt.NDArray[np.uint8]:
    """
    Return the array in an idx file, compressed with gzip or not.

    LeCun, Cortes, Burges, The MNIST Database of Handwritten Digits, 1998. Raises
    CompressionError when the file is not one, is cut off or expands to too much.
    """
    content = files.read(path, 'idx file')
    try:
        return parse(_expanded(content) if content[:2] == b'\x1f\x8b' else content)
    except (ValueError, OSError, EOFError, zlib.error, struct.error) as error:
        raise CompressionError(f'{path}: expected an idx file of bytes: {error}') from error


def _expanded(content: bytes) -> bytes:
    import io

    with gzip.open(io.BytesIO(content)) as stream:
        expanded = stream.read(LARGEST_BYTES + 1)
    if len(expanded) > LARGEST_BYTES:
        raise ValueError(f'it expands to more than {LARGEST_BYTES} bytes')
    return expanded


def parse(content: bytes) -> npt.NDArray[np.uint8]:
    """Return the array in the content of an idx file; raises ValueError or struct.error."""
    zeros, kind, axes = struct.unpack_from('>HBB', content)
    if zeros or kind != UNSIGNED_BYTES or not axes:
        raise ValueError(f'got the magic number {content[:4].hex()}')
    shape = struct.unpack_from(f'>{axes}I', content, 4)
    size, begin = int(np.prod(shape, dtype=object)), 4 + 4 * axes
    if len(content) != begin + size:
        raise ValueError(f'got {len(content) - begin} bytes for the shape {shape}')
    return np.frombuffer(content, np.uint8, size, begin).reshape(shape)
