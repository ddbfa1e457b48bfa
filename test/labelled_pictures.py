# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of squares, and the labels that say where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIZE, SIDE = 32, 7
BGR = {'a': (30, 30, 230), 'b': (230, 30, 30)}


def write_squares(folder: Path, count: int, labelled: int | None = None) -> Path:
    """
    Write grey pictures, each with one square of class a (red) or b (blue), and their labels.

    Return the labels' file, in COCO's format, beside the pictures' folder ``images``. Only the
    first so many are labelled, all of them by default.
    """
    images = folder / 'images'
    images.mkdir()
    random = np.random.default_rng(0)
    content: dict[str, Any] = {
        'images': [], 'annotations': [],
        'categories': [{'id': 3, 'name': 'b'}, {'id': 5, 'name': 'a'}],
    }
    for number in range(count):
        picture = np.repeat(random.integers(80, 170, (SIZE, SIZE, 1)), 3, axis=2).astype(np.uint8)
        left, top = random.integers(0, SIZE - SIDE, 2).tolist()
        name = 'ab'[number % 2]
        picture[top:top + SIDE, left:left + SIDE] = BGR[name]
        cv2.imwrite(str(images / f'{number:03d}.png'), picture)
        if number < (count if labelled is None else labelled):
            content['images'].append({'id': number, 'file_name': f'{number:03d}.png'})
            content['annotations'].append({
                'image_id': number, 'category_id': {'a': 5, 'b': 3}[name],
                'bbox': [left, top, SIDE, SIDE],
            })
    path = folder / 'labels.json'
    path.write_text(json.dumps(content))
    return path
