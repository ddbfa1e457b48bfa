# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections as columns, so that every step works on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Detections:
    """
    What a detector saw in one image; no detections is a value of length zero.

    ``boxes_xyxy``: float32 (N, 4), pixels of the source image, left, top, right, bottom, where
    (0, 0) is the outer corner of the first pixel. ``scores``: float32 (N,) in [0, 1].
    ``class_ids``: int32 (N,), indices into the model's labels.

    Raises ValueError when the columns do not belong together.
    """

    boxes_xyxy: Floats
    scores: Floats
    class_ids: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        count = np.size(self.scores)
        for name, dtype, shape in (
            ('boxes_xyxy', np.float32, (count, 4)),
            ('scores', np.float32, (count,)),
            ('class_ids', np.int32, (count,)),
        ):
            column = np.asarray(getattr(self, name), dtype)
            if column.shape != shape:
                raise ValueError(f'expected {name} of shape {shape}, got {column.shape}')
            object.__setattr__(self, name, column)

    @classmethod
    def empty(cls) -> Detections:
        """Return zero detections: shapes (0, 4), (0,), (0,)."""
        return cls(
            np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32)
        )

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: Any) -> Detections:
        """Select rows by a slice, an index array (N,) or a boolean mask (N,)."""
        return Detections(self.boxes_xyxy[index], self.scores[index], self.class_ids[index])
