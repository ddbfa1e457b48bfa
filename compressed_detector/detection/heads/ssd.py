# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Networks that end with TFLite_Detection_PostProcess: SSD MobileNet, EfficientDet-Lite.

The operator decodes and suppresses itself; what remains is a short list of boxes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compressed_detector.detection.heads.head import check_roles
from compressed_detector.detection.tensors import Tensor
from compressed_detector.detection.types import Detections, Floats
from compressed_detector.errors import ModelError

ROLES = {'boxes', 'classes', 'scores', 'count'}


class SsdHead:
    """
    Decodes the four outputs of the operator, for at most N detections.

    Roles ``boxes`` (1, N, 4): top, left, bottom, right as shares of the input's height and
    width; ``classes`` (1, N); ``scores`` (1, N); ``count`` (1,): how many of the N are valid.

    Classes count from 0 without the background. COCO's label files for these networks have a
    line for each of 90 ids (``???`` where an id is unused); those with a line for the background
    in front (91 lines) need ``label_offset`` 1.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        num_classes: int,
        input_size: tuple[int, int],
        label_offset: int = 0,
    ) -> None:
        """Raise ModelError when the shapes are not those of the operator."""
        check_roles('ssd', shapes, ROLES)
        most = shapes['boxes'][1] if len(shapes['boxes']) == 3 else 0
        expected = {'boxes': (1, most, 4), 'classes': (1, most), 'scores': (1, most),
                    'count': (1,)}
        found = {role: tuple(shape) for role, shape in shapes.items()}
        if found != expected or most < 1:
            raise ModelError(
                'ssd head: expected boxes of shape (1, N, 4), classes and scores of (1, N) and '
                f'count of (1,), got {found}'
            )
        if type(label_offset) is not int or label_offset < 0:
            raise ModelError(
                f'ssd head: expected a label_offset of 0 or more, got {label_offset!r}'
            )
        self._num_classes = num_classes
        self._label_offset = label_offset
        width, height = input_size
        self._unit = np.array([width, height, width, height], np.float32)

    def decode(self, outputs: Mapping[str, Tensor], score_threshold: float) -> Detections:
        """
        Return every valid detection of at least the score.

        Raises ModelError when one has a class beyond the labels: dropping it would hide an
        object.
        """
        boxes, classes, scores = (
            outputs[role].real(outputs[role].values[0]) for role in ('boxes', 'classes', 'scores')
        )
        (count,) = outputs['count'].real(outputs['count'].values)
        passing = (scores >= score_threshold) & (np.arange(len(scores)) < count)
        class_ids = np.rint(classes[passing]) + self._label_offset
        self._check_labels(class_ids)
        # top, left, bottom, right -> left, top, right, bottom
        return Detections(
            boxes[passing][:, [1, 0, 3, 2]] * self._unit,
            np.minimum(scores[passing], np.float32(1)),
            class_ids.astype(np.int32),
        )

    def _check_labels(self, class_ids: Floats) -> None:
        unknown = class_ids[~((class_ids >= 0) & (class_ids < self._num_classes))]
        if len(unknown):
            raise ModelError(
                f'ssd head: the network detected label {unknown[0]:g}, but the manifest has '
                f'{self._num_classes} labels; give one label for every id that it was trained '
                "with, '???' for unused ones (COCO: 90), and check label_offset"
            )
