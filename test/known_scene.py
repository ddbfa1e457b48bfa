# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
A bag whose answers are known: moving squares that the tiny model sees exactly, and its mistakes.

20 frames at 10 Hz of a level camera 1 m above the floor. What is truly there:

- 'near' (class first_channel) stands 8 m ahead in frames 0 to 9 and 4 m ahead from frame 10 on, in
  the corridor;
- 'beside' (second_channel) stands 1.25 m to the right in frames 5 to 9, at 5 m, although its feet
  are seen where the floor is 4 m away;
- 'hidden' (third_channel) stands to the left in frames 15 to 19.

What is painted otherwise, so that a perfect detector is wrong in known ways: 'near' is not
painted in frames 0, 1, 12, 13, 14 and 17, and in frame 10 where it was before, a frame too late;
'hidden' never is. In frames 3, 4 and 8 there is a square in the way that is nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from camera_bags import calibration, images, spatial_truth
from replay_bags import FIRST_NS, MS, write_bag

FRAMES, SIDE_PX, CELL_PX, FOCAL_PX = 20, 64, 8, 64.0
IMAGES, TRUTH = '/camera/image', '/truth'
CLASSES = ('first_channel', 'second_channel', 'third_channel')
UNPAINTED, LATE, INVENTED = (0, 1, 12, 13, 14, 17), 10, (3, 4, 8)
Cell = tuple[int, int]  # left and bottom in pixels
NEAR_FAR, NEAR, BESIDE, HIDDEN, NOTHING = (24, 40), (24, 48), (48, 48), (0, 40), (40, 56)


def stamp(frame: int) -> int:
    return FIRST_NS + 100 * MS * frame


def truths(frame: int) -> Iterator[tuple[int, str, Cell, float]]:
    """Yield class, name, place in the picture and distance (m) of what is there."""
    yield (0, 'near', NEAR_FAR, 8.0) if frame < 10 else (0, 'near', NEAR, 4.0)
    if 5 <= frame < 10:
        yield 1, 'beside', BESIDE, 5.0
    if frame >= 15:
        yield 2, 'hidden', HIDDEN, 8.0


def picture(frame: int) -> np.ndarray:
    image = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    for number, name, cell, _ in truths(frame):
        if name == 'near' and frame == LATE:
            _paint(image, NEAR_FAR, number, 210)
        elif name != 'hidden' and not (name == 'near' and frame in UNPAINTED):
            _paint(image, cell, number, 200)
    if frame in INVENTED:
        _paint(image, NOTHING, 0, 220)
    return image


def write_known_scene(folder: Path, frames: range = range(FRAMES)) -> Path:
    """
    Write the bag, with the truth on a topic and, with tracks, as COCO JSON beside it.

    ``frames``: only these are in it.
    """
    spatial = {
        stamp(frame): [_in_space(number, name, cell, metres)
                       for number, name, cell, metres in truths(frame)]
        for frame in frames
    }
    bag = write_bag(
        folder, images(IMAGES, {stamp(frame): picture(frame) for frame in frames}),
        calibration('/camera/camera_info', stamp(frames[0]), (SIDE_PX, SIDE_PX), FOCAL_PX),
        spatial_truth(TRUTH, spatial),
    )
    (bag / 'truth.json').write_text(json.dumps(_coco(frames)))
    return bag


def _paint(image: np.ndarray, cell: Cell, channel: int, value: int) -> None:
    left, bottom = cell
    image[bottom - CELL_PX:bottom, left:left + CELL_PX, channel] = value


def _right_m(cell: Cell, metres: float) -> float:
    return (cell[0] + CELL_PX / 2 - SIDE_PX / 2) / FOCAL_PX * metres


def _in_space(number: int, name: str, cell: Cell, metres: float) -> tuple[Any, ...]:
    below_m = (cell[1] - CELL_PX / 2 - SIDE_PX / 2) / FOCAL_PX * metres
    side_m = CELL_PX / FOCAL_PX * metres
    return (CLASSES[number], name, (_right_m(cell, metres), below_m, metres), (side_m, side_m, 0))


def _coco(frames: range) -> dict[str, Any]:
    names = {'near': 1, 'beside': 2, 'hidden': 3}
    return {
        'images': [{'id': frame, 'frame_index': index} for index, frame in enumerate(frames)],
        'categories': [{'id': number, 'name': name} for number, name in enumerate(CLASSES)],
        'annotations': [
            {'image_id': frame, 'category_id': number, 'track_id': names[name],
             'bbox': [cell[0], cell[1] - CELL_PX, CELL_PX, CELL_PX], 'forward_m': metres,
             'right_m': _right_m(cell, metres)}
            for frame in frames for number, name, cell, metres in truths(frame)
        ],
    }
