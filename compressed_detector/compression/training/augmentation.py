# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as a network sees them in training: flipped, scaled, moved and tinted at random."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from compressed_detector.detection.types import Image

SMALLEST, LARGEST = 0.6, 1.4


@dataclass(frozen=True)
class View:
    """
    One way to look at a picture, the same for every size of input.

    ``scale`` is relative to the largest that fits; ``shift`` says where in the room that is left
    (or, with a scale above 1, cut off) the picture lies, from 0 to 1 across and down. ``gains``
    multiply the channels.
    """

    flip: bool = False
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    brightness: float = 0.0

    @classmethod
    def random(cls, generator: np.random.Generator) -> View:
        """Draw flip, scale (0.6 to 1.4), place, contrast with tint, and brightness."""
        contrast = generator.uniform(0.6, 1.4)
        red, green, blue = contrast * generator.uniform(0.9, 1.1, 3)
        across, down = generator.uniform(0, 1, 2)
        return cls(
            flip=bool(generator.integers(2)), scale=float(generator.uniform(SMALLEST, LARGEST)),
            shift=(float(across), float(down)), gains=(float(red), float(green), float(blue)),
            brightness=float(generator.uniform(-20, 20)),
        )

    def apply(self, image: Image, size: int, pad_value: int) -> Image:
        """Return the view of an image (H, W, 3), uint8, as (size, size, 3), uint8."""
        height, width = image.shape[:2]
        scale = self.scale * size / max(height, width)
        matrix = np.array([
            [scale, 0, self.shift[0] * (size - scale * width)],
            [0, scale, self.shift[1] * (size - scale * height)],
        ])
        if self.flip:
            matrix[0] = [-scale, 0, scale * (width - 1) + matrix[0, 2]]
        matrix[:, 2] += (scale - 1) / 2  # pixel centres, as cv2.resize has them
        seen: Image = cv2.warpAffine(
            self._tinted(image), matrix, (size, size), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(pad_value,) * 3,
        )
        return seen

    def _tinted(self, image: Image) -> Image:
        if self.gains == (1.0, 1.0, 1.0) and self.brightness == 0:
            return image
        values = np.arange(256)[:, None] * np.array(self.gains) + self.brightness
        table = values.clip(0, 255).round().astype(np.uint8)
        tinted: Image = cv2.LUT(image, table[None])
        return tinted


UNCHANGED = View()
