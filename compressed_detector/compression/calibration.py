# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The pictures that a network is calibrated on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from compressed_detector.compression.architectures import Architecture
from compressed_detector.compression.pictures import learning_images, read_image
from compressed_detector.compression.progress import Report
from compressed_detector.detection.letterbox import Letterbox
from compressed_detector.detection.types import Floats, Image
from compressed_detector.errors import CompressionError

NAMED = 5


def choose_images(folder: Path, count: int, seed: int) -> list[Path]:
    """
    Return up to count pictures of a folder and its subfolders, chosen by the seed.

    Those that are held out (see pictures) are not among them. Raises CompressionError when
    there is no picture at all.
    """
    found = learning_images(folder)
    chosen = np.random.default_rng(seed).permutation(len(found))[:count]
    return [found[index] for index in chosen]


def check_readable(paths: Sequence[Path]) -> None:
    """Raise CompressionError that names the pictures that cannot be decoded."""
    unreadable = [str(path) for path in paths if cv2.imread(str(path)) is None]
    if unreadable:
        more = f' and {len(unreadable) - NAMED} more' if len(unreadable) > NAMED else ''
        raise CompressionError(
            '--images: expected pictures that OpenCV can read, cannot read '
            f'{", ".join(unreadable[:NAMED])}{more}; remove or replace them'
        )


def calibration_inputs(
    paths: Sequence[Path], architecture: Architecture, input_size: int, report: Report
) -> Iterator[Floats]:
    """
    Yield network inputs (1, input_size, input_size, 3), float32, 0 to 255, as the node has them.

    Together they span 0 to 255, whatever is in the pictures: so that the quantized input is the
    pixel itself, two corners of the first one are black and white.
    """
    for index, path in enumerate(paths):
        image = read_image(path)
        height, width = image.shape[:2]
        letterbox = Letterbox(width, height, input_size, input_size, architecture.resize)
        pixels = letterbox.apply(image, architecture.pad_value)
        if index == 0:
            pixels[0, 0], pixels[-1, -1] = 0, 255
        yield network_input(pixels, architecture)[None]
        report('calibrating', index + 1, len(paths))


def network_input(image: Image, architecture: Architecture) -> Floats:
    """Return a fitted picture (H, W, 3), BGR, in the network's channel order, float32."""
    ordered = image[..., ::-1] if architecture.color == 'rgb' else image
    return ordered.astype(np.float32)
