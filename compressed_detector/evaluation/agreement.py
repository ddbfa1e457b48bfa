# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How much a model agrees with another one, on pictures without labels.

What the teacher reports on a picture is taken for the truth. So networks can be chosen by
pictures like those of the robot, and labelled ones are left to confirm the choice.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.types import Detections, Indices
from compressed_detector.evaluation import bootstrap, coco

# What the node would report with its default settings.
TRUTH = DetectionSettings()


class Teacher:
    """
    The reports of one detector on some pictures, as the truth for others.

    Only ``labels`` count, by default all that the detector knows: so that one that knows fewer
    can be compared with it.
    """

    def __init__(
        self, detector: Detector, paths: Sequence[Path], labels: Sequence[str] = ()
    ) -> None:
        """Detect on every picture; raises EvaluationError when one cannot be read."""
        self.labels = tuple(labels) or detector.labels
        self._paths = list(paths)
        self._truth = self._detect(detector, TRUTH)

    def agreement(self, detector: Detector) -> float:
        """
        Return the average precision (COCO's, 0 to 1) of a detector against the teacher.

        Raises EvaluationError when the teacher saw nothing at all.
        """
        return self.precision(self.detections(detector))

    def precision(self, found: Sequence[Detections]) -> float:
        """Return the agreement of what ``detections`` returned for a detector."""
        return self._precision(found, range(len(self._paths)))

    def detections(self, detector: Detector) -> list[Detections]:
        """Return what a detector sees on every picture, down to low scores."""
        return self._detect(detector, coco.SETTINGS)

    def difference(
        self, first: Sequence[Detections], second: Sequence[Detections], samples: int, seed: int
    ) -> tuple[float, float, float]:
        """
        Return by how much the second agrees more, and the 95 % interval of that.

        Paired bootstrap over the pictures (evaluation.bootstrap).
        """
        units = len(self._paths)
        drawn = [bootstrap.draw(functools.partial(self._figures, found), units, samples, seed)
                 for found in (first, second)]
        difference = bootstrap.differences(*drawn)['ap']
        return difference.value, difference.low, difference.high

    def _detect(self, detector: Detector, settings: DetectionSettings) -> list[Detections]:
        pictures = map(coco.read_picture, self._paths)
        return [
            relabelled(detector.detect(picture, settings), detector.labels, self.labels)
            for picture in pictures
        ]

    def _figures(self, found: Sequence[Detections], chosen: Indices) -> dict[str, float]:
        return {'ap': self._precision(found, chosen.tolist())}

    def _precision(self, found: Sequence[Detections], chosen: Sequence[int]) -> float:
        return coco.precision_against(
            [self._truth[index] for index in chosen], [found[index] for index in chosen],
            self.labels,
        ).ap


def relabelled(
    detections: Detections, labels: Sequence[str], wanted: Sequence[str]
) -> Detections:
    """Return the detections of the wanted labels, with indices into those."""
    numbers = np.array([wanted.index(name) if name in wanted else -1 for name in labels], np.int32)
    class_ids = numbers[detections.class_ids]
    known = class_ids >= 0
    return dataclasses.replace(detections[known], class_ids=class_ids[known])
