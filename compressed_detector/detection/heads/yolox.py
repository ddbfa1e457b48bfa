# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The head of YOLOX: one anchor per cell with a box, an objectness and class probabilities.

Ge et al., YOLOX: Exceeding YOLO Series in 2021, arXiv:2107.08430; layout of the authors' export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compressed_detector.detection.boxes import from_centres
from compressed_detector.detection.heads.head import check_roles, check_switch
from compressed_detector.detection.heads.levels import cells, check_strides
from compressed_detector.detection.tensors import Tensor, positions
from compressed_detector.detection.types import Detections, Floats, Indices
from compressed_detector.errors import ModelError

ROLE = 'predictions'
# Centre x, y, width, height, objectness; then one probability per class.
OBJECTNESS = 4
FIRST_CLASS = 5

# A side of e^16 strides is beyond every image; more would overflow.
MAX_LOG_SIDE = 16.0


class YoloxHead:
    """
    Decodes one tensor (1, anchors, 5 + classes), role ``predictions``.

    The score is objectness x class probability, both with their sigmoid applied. Unless
    ``decoded`` (exported with decode_in_inference), the centre is relative to the cell's corner
    and width and height are logarithms, all in strides.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        num_classes: int,
        input_size: tuple[int, int],
        strides: Sequence[int] = (8, 16, 32),
        decoded: bool = False,
    ) -> None:
        """Raise ModelError when the shape is not what the options call for."""
        check_roles('yolox', shapes, {ROLE})
        check_strides('yolox', strides)
        check_switch('yolox', 'decoded', decoded)
        grids = [cells(input_size, stride) for stride in strides]
        self._cells = np.concatenate(grids)
        sizes = [len(grid) for grid in grids]
        self._strides = np.repeat(np.array(strides, np.float32), sizes)[:, None]
        self._decoded = decoded
        expected = (1, len(self._cells), FIRST_CLASS + num_classes)
        if tuple(shapes[ROLE]) != expected:
            raise ModelError(
                f'yolox head: expected {ROLE} of shape {expected} for {num_classes} labels, '
                f'strides {list(strides)} and an input of {input_size[0]} x {input_size[1]}, '
                f'got {tuple(shapes[ROLE])}'
            )

    def decode(self, outputs: Mapping[str, Tensor], score_threshold: float) -> Detections:
        """Return every (anchor, class) pair of at least the score as a candidate."""
        predictions = outputs[ROLE]
        anchors = predictions.values[0]
        # No class probability lifts a score above the objectness.
        passing = np.flatnonzero(anchors[:, OBJECTNESS] >= predictions.least(score_threshold))
        rows = predictions.real(anchors[passing])
        scores = rows[:, OBJECTNESS, None] * rows[:, FIRST_CLASS:]
        chosen, class_ids = positions(scores >= score_threshold)
        boxes = self._boxes(passing[chosen], rows[chosen, :OBJECTNESS])
        best = np.minimum(scores[chosen, class_ids], np.float32(1))
        return Detections(boxes, best, class_ids.astype(np.int32))

    def _boxes(self, anchors: Indices, encoded: Floats) -> Floats:
        centres, sides = encoded[:, :2], encoded[:, 2:]
        if not self._decoded:
            strides = self._strides[anchors]
            centres = (centres + self._cells[anchors]) * strides
            sides = np.exp(np.minimum(sides, np.float32(MAX_LOG_SIDE))) * strides
        return from_centres(centres, sides)
