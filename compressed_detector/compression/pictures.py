# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The user's pictures: which there are, and which of them are never learned from."""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2

from compressed_detector.detection.types import Image
from compressed_detector.errors import CompressionError

SUFFIXES = {'.bmp', '.jpeg', '.jpg', '.png', '.webp'}
# One picture in so many is held out.
HELD_OUT = 10


def find_images(folder: Path) -> list[Path]:
    """
    Return the pictures of a folder and its subfolders, in order.

    Raises CompressionError when there is none.
    """
    if not folder.is_dir():
        raise CompressionError(f'--images: expected a folder with pictures, got {folder}')
    found = sorted(
        path for path in folder.rglob('*') if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not found:
        raise CompressionError(
            f'--images: expected pictures ({", ".join(sorted(SUFFIXES))}) in {folder}, got none'
        )
    return found


def learning_images(folder: Path) -> list[Path]:
    """Return the pictures to calibrate on and to learn from; raises CompressionError."""
    found = find_images(folder)
    return [path for path in found if not is_held_out(path)] or found


def held_out_images(folder: Path) -> list[Path]:
    """Return the pictures that are only looked at to choose between networks."""
    return [path for path in find_images(folder) if is_held_out(path)]


def is_held_out(path: Path) -> bool:
    """Whether a picture is held out, which depends on its name alone: adding others is no harm."""
    return zlib.crc32(path.name.encode()) % HELD_OUT == 0


def read_image(path: Path) -> Image:
    """Return a picture that was readable before, BGR (H, W, 3); raises CompressionError."""
    image: Image | None = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise CompressionError(f'--images: cannot read {path} any more')
    return image
