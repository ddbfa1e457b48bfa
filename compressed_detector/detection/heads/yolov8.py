# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The head of Ultralytics' YOLOv8, YOLOv9 and YOLO11 as they export it to TFLite and LiteRT.

Boxes are decoded in the network and, in these exports, are shares of the input's width and
height, so that one int8 scale holds coordinates and probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compressed_detector.detection.boxes import from_centres
from compressed_detector.detection.heads.head import check_roles, check_switch
from compressed_detector.detection.tensors import Tensor, positions
from compressed_detector.detection.types import Detections
from compressed_detector.errors import ModelError

ROLE = 'predictions'
# Centre x, y, width, height; then one probability per class.
FIRST_CLASS = 4


class Yolov8Head:
    """
    Decodes one tensor (1, 4 + classes, anchors), role ``predictions``.

    With ``normalized`` false, boxes are in pixels of the input.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        num_classes: int,
        input_size: tuple[int, int],
        normalized: bool = True,
    ) -> None:
        """Raise ModelError when the shape is not that of the labels."""
        check_roles('yolov8', shapes, {ROLE})
        check_switch('yolov8', 'normalized', normalized)
        shape = tuple(shapes[ROLE])
        if len(shape) != 3 or shape[:2] != (1, FIRST_CLASS + num_classes):
            raise ModelError(
                f'yolov8 head: expected {ROLE} of shape (1, {FIRST_CLASS + num_classes}, anchors) '
                f'for {num_classes} labels, got {shape}; export for detection, without nms and '
                'without end2end'
            )
        self._unit = np.array(input_size if normalized else (1, 1), np.float32)

    def decode(self, outputs: Mapping[str, Tensor], score_threshold: float) -> Detections:
        """Return every (anchor, class) pair of at least the score as a candidate."""
        predictions = outputs[ROLE]
        values = predictions.values[0]
        probabilities = values[FIRST_CLASS:]
        class_ids, anchors = positions(probabilities >= predictions.least(score_threshold))
        scores = predictions.real(probabilities[class_ids, anchors])
        encoded = predictions.real(values[:FIRST_CLASS, anchors]).T
        boxes = from_centres(encoded[:, :2] * self._unit, encoded[:, 2:] * self._unit)
        return Detections(boxes, np.minimum(scores, np.float32(1)), class_ids.astype(np.int32))
