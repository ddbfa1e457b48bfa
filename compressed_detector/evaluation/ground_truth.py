# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ground truth of recorded frames, as COCO JSON keyed by image stamp."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compressed_detector.detection.types import Floats
from compressed_detector.errors import EvaluationError


@dataclass(frozen=True, eq=False)
class FrameTruth:
    """The objects of one class in one frame: boxes (N, 4), pixels, left, top, right, bottom."""

    stamp_ns: int
    boxes_xyxy: Floats


def load_ground_truth(path: Path, class_name: str) -> list[FrameTruth]:
    """
    Return the truth of every annotated frame, in the order of their stamps.

    The file is COCO JSON whose images carry ``stamp_ns``, the header stamp of the message they
    were recorded in. Regions marked ``iscrowd`` are left out: they ask for nothing. Raises
    EvaluationError.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        categories = {item['name']: item['id'] for item in content['categories']}
        stamps = {item['id']: int(item['stamp_ns']) for item in content['images']}
        wanted = categories[class_name]
        boxes: dict[int, list[list[float]]] = {stamp: [] for stamp in stamps.values()}
        for item in content['annotations']:
            if item['category_id'] == wanted and not item.get('iscrowd', 0):
                left, top, width, height = item['bbox']
                boxes[stamps[item['image_id']]].append([left, top, left + width, top + height])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f'{path}: expected COCO JSON with a category {class_name!r} and images with '
            f'stamp_ns, got {type(error).__name__}: {error}'
        ) from error
    return [
        FrameTruth(stamp, np.array(rows, np.float32).reshape(-1, 4))
        for stamp, rows in sorted(boxes.items())
    ]
