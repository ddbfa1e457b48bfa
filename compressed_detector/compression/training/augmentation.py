# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as a network sees them in training: flipped, scaled, moved and tinted at random."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from compressed_detector.detection.types import Floats, Image

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
        scales, shifts = self._placement(image.shape[:2], size)
        # OpenCV has 0 at the centre of the first pixel; a placement has it at its outer corner.
        matrix = np.column_stack([np.diag(scales), shifts + (scales - 1) / 2])
        seen: Image = cv2.warpAffine(
            self._tinted(image), matrix, (size, size), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(pad_value,) * 3,
        )
        return seen

    def boxes(self, boxes_xyxy: Floats, picture: tuple[int, ...], size: int) -> Floats:
        """
        Return where boxes (N, 4) of a picture (height, width) are in its view, not cut off.

        Pixels, where (0, 0) is the outer corner of the first pixel, of the picture and the view.
        """
        scales, shifts = self._placement(picture, size)
        corners = boxes_xyxy.reshape(-1, 2, 2) * scales + shifts
        ordered = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        return ordered.astype(np.float32)

    def _placement(
        self, picture: tuple[int, ...], size: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the scales and shifts across and down that take the picture to its view."""
        height, width = picture
        scale = self.scale * size / max(height, width)
        across = self.shift[0] * (size - scale * width)
        down = self.shift[1] * (size - scale * height)
        if self.flip:
            return np.array([-scale, scale]), np.array([scale * width + across, down])
        return np.array([scale, scale]), np.array([across, down])

    def _tinted(self, image: Image) -> Image:
        if self.gains == (1.0, 1.0, 1.0) and self.brightness == 0:
            return image
        values = np.arange(256)[:, None] * np.array(self.gains) + self.brightness
        table = values.clip(0, 255).round().astype(np.uint8)
        tinted: Image = cv2.LUT(image, table[None])
        return tinted


UNCHANGED = View()
