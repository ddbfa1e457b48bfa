# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections drawn into an image, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from compressed_detector.detection.types import Detections, Image

GOLDEN_ANGLE = 137.508


def draw(image: Image, detections: Detections, labels: Sequence[str]) -> Image:
    """Return a copy of a BGR image (H, W, 3), uint8, with boxes, labels and scores."""
    canvas: Image = image.copy()
    for box, score, class_id in zip(
        detections.boxes_xyxy, detections.scores, detections.class_ids
    ):
        _draw_box(canvas, box, f'{labels[class_id]} {score:.2f}', _colour(int(class_id)))
    return canvas


def _draw_box(
    canvas: Image, box: np.ndarray[tuple[int], np.dtype[np.float32]], text: str,
    colour: tuple[int, int, int],
) -> None:
    left, top, right, bottom = (round(float(side)) for side in box)
    cv2.rectangle(canvas, (left, top), (right, bottom), colour, 2)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    base = max(top, height + 4)
    cv2.rectangle(canvas, (left, base - height - 4), (left + width, base), colour, cv2.FILLED)
    cv2.putText(
        canvas, text, (left, base - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA
    )


def _colour(class_id: int) -> tuple[int, int, int]:
    """Return a BGR colour; neighbouring classes get hues that are far apart."""
    hue = round(60 + class_id * GOLDEN_ANGLE / 2) % 180
    pixel = cv2.cvtColor(np.array([[[hue, 200, 255]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
    return int(pixel[0]), int(pixel[1]), int(pixel[2])
