# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a network should say of views of labelled pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compressed_detector.compression.labels import PictureLabels
from compressed_detector.compression.training.assignment import Grids, LevelTargets
from compressed_detector.compression.training.augmentation import View
from compressed_detector.detection.boxes import areas
from compressed_detector.detection.types import Floats

# Of an object of which less is seen, it is not taught whether it is there.
LEAST_SEEN = 1 / 3


@dataclass(frozen=True, eq=False)
class Targets:
    """The labels by picture, and the cells of the network."""

    labels: Mapping[Path, PictureLabels]
    grids: Grids

    def of(
        self, path: Path, view: View, picture: tuple[int, ...], shrunk: tuple[int, ...]
    ) -> tuple[LevelTargets, ...]:
        """
        Return the targets of every stride for the view of a picture (height, width).

        The view is that of the picture after it was shrunk. Boxes are cut at its borders; where
        it has no labels, every cell is ignored.
        """
        labels = self.labels.get(path)
        if labels is None:
            return self.grids.nothing()

        def seen(boxes_xyxy: Floats) -> Floats:
            height, width = picture
            ratios = np.array([shrunk[1] / width, shrunk[0] / height] * 2)
            inside = np.clip(boxes_xyxy, 0, [width, height] * 2) * ratios
            return view.boxes(inside, shrunk, self.grids.size)

        boxes, crowds = seen(labels.boxes_xyxy), seen(labels.ignored_xyxy)
        cut = np.clip(boxes, 0, self.grids.size)
        enough = areas(cut) >= LEAST_SEEN * areas(boxes)
        return self.grids.assign(
            cut[enough], labels.class_ids[enough],
            np.concatenate([cut[~enough], np.clip(crowds, 0, self.grids.size)]),
        )
