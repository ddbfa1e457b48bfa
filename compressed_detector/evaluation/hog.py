# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The classical people detector, to compare with: HOG features and a linear SVM.

Dalal and Triggs, Histograms of oriented gradients for human detection, CVPR 2005, with the
weights that come with OpenCV.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.boxes import class_wise_nms, clip, from_centres
from compressed_detector.detection.types import Detections, Floats, Image
from compressed_detector.errors import EvaluationError

# As in OpenCV's own sample (peopledetect).
STRIDE, PADDING, SCALE = (8, 8), (8, 8), 1.05
# Of the window of 64 x 128 pixels a person fills the middle: 16 pixels around are margin (Dalal
# and Triggs, section 4), and people are 0.41 times as wide as they are high (Dollar et al.,
# Pedestrian detection, PAMI 2012).
HEIGHT_PART, ASPECT = 0.75, 0.41
# Lower margins are background: there are thousands of them.
LOWEST_MARGIN = -1.0
SMALLEST = (64, 128)


# A margin of 0, OpenCV's own threshold, gets the score that is the node's.
OFFSET = -math.log(1 / DetectionSettings().score_threshold - 1)


class HogDetector:
    """
    Finds people of at least 96 pixels.

    Its score is the logistic function of the margin of the SVM and a constant, by which the
    default threshold of the node is also OpenCV's.
    """

    labels = ('person',)

    def __init__(self) -> None:
        """Raise EvaluationError when this OpenCV has no HOG."""
        if not hasattr(cv2, 'HOGDescriptor'):
            raise EvaluationError(
                f'hog: OpenCV {cv2.__version__} was built without HOGDescriptor, which OpenCV 5 '
                'has in its contrib modules only; python3 -m pip uninstall '
                'opencv-python-headless, then install opencv-contrib-python-headless'
            )
        self._hog = cv2.HOGDescriptor()
        weights = cv2.HOGDescriptor_getDefaultPeopleDetector()  # type: ignore[attr-defined]
        self._hog.setSVMDetector(weights)

    def detect_each(
        self, image: Image, settings: Iterable[DetectionSettings]
    ) -> Iterator[Detections]:
        """Yield the people in a BGR image (H, W, 3), uint8, with each of several settings."""
        return (self._detect(image, each) for each in settings)

    def _detect(self, image: Image, settings: DetectionSettings) -> Detections:
        height, width = image.shape[:2]
        threshold = settings.score_threshold
        if width < SMALLEST[0] or height < SMALLEST[1] or threshold == 1:
            return Detections.empty()
        margin = max(-math.log(1 / threshold - 1) - OFFSET, LOWEST_MARGIN)
        # By position: the last, which turns grouping off, has another name in OpenCV 4.5.
        windows, margins = self._hog.detectMultiScale(image, margin, STRIDE, PADDING, SCALE, 0)
        if not len(windows):
            return Detections.empty()
        scores = (1 / (1 + np.exp(-np.ravel(margins) - OFFSET))).astype(np.float32)
        boxes = clip(_people(np.asarray(windows, np.float32)), width, height)
        class_ids = np.zeros(len(scores), np.int32)
        kept = class_wise_nms(
            boxes, scores, class_ids, settings.nms_iou_threshold, settings.max_detections)
        return Detections(boxes, scores, class_ids)[kept]


def _people(windows_xywh: Floats) -> Floats:
    """Return the boxes (N, 4) of the people in windows."""
    heights = windows_xywh[:, 3] * HEIGHT_PART
    sides = np.stack([heights * ASPECT, heights], axis=1)
    centres: Floats = windows_xywh[:, :2] + windows_xywh[:, 2:] * np.float32(0.5)
    return from_centres(centres, sides)
