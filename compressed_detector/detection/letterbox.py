# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How a picture is fitted into a network's input, as an invertible transform."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from compressed_detector.detection.manifest import RESIZE_MODES
from compressed_detector.detection.types import Floats, Image


@dataclass(frozen=True)
class Letterbox:
    """
    Fits a source image into a target of another aspect ratio, as the resize mode says.

    Sizes and offsets are pixels. The resized width and height are whole pixels, so the two
    scales may differ by a fraction of a pixel over the image even where the shape is kept; both
    are kept, which makes to_source the exact inverse of to_target.
    """

    source_width: int
    source_height: int
    target_width: int
    target_height: int
    resize: str = 'letterbox'

    def __post_init__(self) -> None:
        if self.resize not in RESIZE_MODES:
            raise ValueError(f'expected one of {RESIZE_MODES}, got {self.resize!r}')
        sizes = (self.source_width, self.source_height, self.target_width, self.target_height)
        if min(sizes) < 1:
            raise ValueError(f'expected sizes of at least 1 pixel, got {sizes}')

    @property
    def resized_size(self) -> tuple[int, int]:
        """Width and height of the picture inside the target, at least 1 pixel each."""
        if self.resize == 'stretch':
            return self.target_width, self.target_height
        scale = min(
            self.target_width / self.source_width, self.target_height / self.source_height
        )
        width = max(1, min(self.target_width, round(self.source_width * scale)))
        height = max(1, min(self.target_height, round(self.source_height * scale)))
        return width, height

    @property
    def offset(self) -> tuple[int, int]:
        """Left and top padding of the picture inside the target."""
        if self.resize == 'letterbox_top_left':
            return 0, 0
        width, height = self.resized_size
        return (self.target_width - width) // 2, (self.target_height - height) // 2

    def apply(self, image: Image, pad_value: int, out: Image | None = None) -> Image:
        """
        Return image (H, W, C) resized and padded to (target_height, target_width, C), uint8.

        Writes into ``out`` when it is given, so that a caller can reuse one buffer. Raises
        ValueError when the image or the buffer is of another size or type.
        """
        self._check_source(image)
        out = self._buffer(image.shape[2:], out)
        width, height = self.resized_size
        left, top = self.offset
        out[:top] = pad_value
        out[top + height:] = pad_value
        out[top:top + height, :left] = pad_value
        out[top:top + height, left + width:] = pad_value
        # Averaging keeps small people visible when shrinking; it needs more than a factor of 2
        # to matter, and below that bilinear is what the detectors were trained with.
        image = _halved(image, width, height)
        shrinks = image.shape[1] > 2 * width or image.shape[0] > 2 * height
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        window = out[top:top + height, left:left + width]
        cv2.resize(image, (width, height), dst=window, interpolation=method)
        return out

    def _check_source(self, image: Image) -> None:
        expected = (self.source_height, self.source_width)
        if image.shape[:2] != expected:
            raise ValueError(f'expected an image of {expected} pixels, got {image.shape[:2]}')
        if image.dtype != np.uint8:
            raise ValueError(f'expected uint8 pixels, got {image.dtype}')

    def _buffer(self, channels: tuple[int, ...], out: Image | None) -> Image:
        shape = (self.target_height, self.target_width, *channels)
        if out is None:
            return np.empty(shape, np.uint8)
        if out.shape != shape or out.dtype != np.uint8:
            # OpenCV would leave a buffer that does not fit untouched, without a word.
            raise ValueError(f'expected a buffer of {shape} uint8, got {out.shape} {out.dtype}')
        return out

    def to_source(self, boxes_xyxy: Floats) -> Floats:
        """Map boxes (N, 4) from target pixels to source pixels."""
        scale, shift = self._scale_and_shift()
        boxes: Floats = ((boxes_xyxy - shift) / scale).astype(np.float32)
        return boxes

    def to_target(self, boxes_xyxy: Floats) -> Floats:
        """Map boxes (N, 4) from source pixels to target pixels."""
        scale, shift = self._scale_and_shift()
        boxes: Floats = (boxes_xyxy * scale + shift).astype(np.float32)
        return boxes

    def _scale_and_shift(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        width, height = self.resized_size
        scale = np.array([width / self.source_width, height / self.source_height] * 2)
        return scale, np.array(self.offset * 2, dtype=np.float64)


def _halved(image: Image, width: int, height: int) -> Image:
    """
    Return the image (H, W, C) averaged to a half, and again, while it is twice as large or more.

    Then little is left for the general averaging, which takes ten times as long. Stops where a
    side is odd, because a half of that would be another picture.
    """
    while (image.shape[1] >= 2 * width and image.shape[0] >= 2 * height
           and not (image.shape[1] % 2 or image.shape[0] % 2)):
        half = np.empty((image.shape[0] // 2, image.shape[1] // 2, *image.shape[2:]), np.uint8)
        cv2.resize(image, half.shape[1::-1], dst=half, interpolation=cv2.INTER_AREA)
        image = half
    return image
