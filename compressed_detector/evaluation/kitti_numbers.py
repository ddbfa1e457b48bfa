# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers of KITTI objects that ranging needs, as a small JSON file without pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from compressed_detector.detection.camera_model import CameraModel
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.kitti import KittiObject

FIELDS = (
    'frame', 'class', 'camera', 'truncated', 'occluded', 'left', 'top', 'right', 'bottom',
    'near_m', 'centre_m',
)
_SOURCE = (
    'KITTI object benchmark, training set (Geiger, Lenz, Urtasun, CVPR 2012): 2D boxes in pixels '
    'from the corner of the first pixel; near_m is the nearest point of the 3D box along the '
    'optical axis of camera 2, centre_m its centre'
)


def write_numbers(path: Path, objects: Sequence[KittiObject]) -> None:
    """Write what ranging needs of the objects, without pictures, as JSON, an object a line."""
    cameras = list(dict.fromkeys(item.camera for item in objects))
    rows = [
        [
            item.frame, item.class_name, cameras.index(item.camera), item.truncated,
            item.occluded, *(round(side, 2) for side in item.box_xyxy), round(item.near_m, 3),
            round(item.centre_m, 3),
        ]
        for item in objects
    ]
    content = {
        'source': json.dumps(_SOURCE),
        'cameras': _lines([astuple(camera)[:6] for camera in cameras]),
        'fields': json.dumps(FIELDS),
        'objects': _lines(rows),
    }
    body = ',\n'.join(f'{json.dumps(key)}: {value}' for key, value in content.items())
    path.write_text('{\n' + body + '\n}\n', encoding='utf-8')


def _lines(rows: Sequence[Sequence[object]]) -> str:
    return '[\n' + ',\n'.join(f'  {json.dumps(row)}' for row in rows) + '\n]'


def read_numbers(path: Path) -> list[KittiObject]:
    """Return the objects of a file that write_numbers wrote; raises EvaluationError."""
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        cameras = [CameraModel(*row) for row in content['cameras']]
        return [
            KittiObject(
                frame, name, cameras[camera], truncated, occluded, tuple(numbers[:4]),
                *numbers[4:],
            )
            for frame, name, camera, truncated, occluded, *numbers in content['objects']
        ]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise EvaluationError(
            f'{path}: expected numbers that evaluate_ranging --export wrote, got '
            f'{type(error).__name__}: {error}'
        ) from error
