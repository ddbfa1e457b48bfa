# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Ground truth as COCO JSON (Lin et al., Microsoft COCO, ECCV 2014), of a film or of pictures.

Beyond COCO's own fields are read: of an image ``stamp_ns``, the header stamp of its message, or
``frame_index`` (also ``bag_index``), its number from 0; of an annotation ``track_id``, the same
for the same object in every frame, and ``forward_m`` and ``right_m``, its place in metres.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.annotations import read_bbox
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.ground_truth import (
    INDEX,
    NO_TRACK,
    STAMP,
    FrameTruth,
    GroundTruth,
    Objects,
)

# What an image may be recognised by, the first that all of them have.
KEYS = {'stamp_ns': STAMP, 'frame_index': INDEX, 'bag_index': INDEX}


def load_coco_film(path: Path) -> GroundTruth:
    """Return the truth of frames by stamp or number; raises EvaluationError."""
    content = _read(path)
    images = content['images']
    key = next((name for name in KEYS if images and all(name in item for item in images)), None)
    if key is None:
        raise EvaluationError(
            f'{path}: expected every image to have stamp_ns (the header stamp of its message) or '
            'frame_index (its number in the film, from 0), which say what frame it is; add one'
        )
    return _truth(path, content, KEYS[key], [item[key] for item in images])


def load_coco_pictures(path: Path) -> tuple[list[str], GroundTruth]:
    """
    Return the names of the pictures' files, and their truth by index into that list.

    They are in the order of their ids, as other evaluators have them: of reports with the same
    score, of which integer networks have many, those of the first picture go first.
    """
    content = dict(_read(path))
    try:
        content['images'] = sorted(content['images'], key=lambda item: item['id'])
    except (KeyError, TypeError) as error:
        raise _refusal(path, error) from error
    names = [item.get('file_name') for item in content['images']]
    if not all(isinstance(name, str) and name for name in names):
        raise EvaluationError(f'{path}: expected every image to have a file_name')
    return names, _truth(path, content, INDEX, list(range(len(names))))


def load_ground_truth(path: Path, class_name: str) -> list[FrameTruth]:
    """
    Return the truth of every annotated frame, of one class, in the order of their stamps.

    Regions that are to be ignored are left out. Raises EvaluationError.
    """
    truth = load_coco_film(path)
    if class_name not in truth.labels or truth.keyed_by != STAMP:
        raise EvaluationError(
            f'{path}: expected COCO JSON with a category {class_name!r} and images with '
            f'stamp_ns, got {", ".join(truth.labels)} by {truth.keyed_by}'
        )
    wanted = (truth.objects.class_ids == truth.labels.index(class_name)) & ~truth.objects.ignored
    objects = truth.objects[wanted]
    return [
        FrameTruth(int(key), objects.boxes_xyxy[objects.frames == row].astype(np.float32))
        for row, key in enumerate(truth.keys)
    ]


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        for name in ('images', 'categories', 'annotations'):
            if not all(isinstance(item, dict) for item in content[name]):
                raise TypeError(f'{name} is no list of objects')
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refusal(path, error) from error
    return content  # type: ignore[no-any-return]


def _truth(
    path: Path, content: Mapping[str, Any], keyed_by: str, values: Sequence[Any]
) -> GroundTruth:
    try:
        keys = np.array([int(value) for value in values], np.int64)
        unique = np.unique(keys)
        if len(unique) != len(keys):
            raise ValueError(f'{len(keys) - len(unique)} images have the {keyed_by} of another')
        places = np.searchsorted(unique, keys).tolist()
        frame_of = _once('image', (item['id'] for item in content['images']), places)
        names = [str(item['name']) for item in content['categories']]
        class_of = _once('category', (item['id'] for item in content['categories']),
                         range(len(names)))
        objects = _objects([
            (frame_of[item['image_id']], class_of[item['category_id']], item)
            for item in content['annotations']
        ])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise _refusal(path, error) from error
    return GroundTruth(tuple(names), keyed_by, unique, objects)


def _once(what: str, ids: Any, values: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for number, value in zip(ids, values):
        if number in found:
            raise ValueError(f'two of {what} have the id {number!r}')
        found[number] = value
    return found


def _objects(rows: Sequence[tuple[int, int, Mapping[str, Any]]]) -> Objects:
    items = [item for _, _, item in rows]
    boxes = np.array([_box(item['bbox']) for item in items], np.float64).reshape(-1, 4)
    crowd = np.array([bool(item.get('iscrowd', 0)) for item in items], np.bool_)
    ignored = np.array([bool(item.get('ignore', 0)) for item in items], np.bool_)
    return Objects(
        frames=np.array([frame for frame, _, _ in rows], np.intp), boxes_xyxy=boxes,
        class_ids=np.array([class_id for _, class_id, _ in rows], np.int32),
        track_ids=np.array([int(item.get('track_id', NO_TRACK)) for item in items], np.int64),
        ignored=ignored | crowd, crowd=crowd,
        forward_m=np.array([_metres(item, 'forward_m') for item in items], np.float64),
        right_m=np.array([_metres(item, 'right_m') for item in items], np.float64),
    )


def _box(bbox: Any) -> list[float]:
    left, top, width, height = read_bbox(bbox)
    return [left, top, left + width, top + height]


def _metres(item: Mapping[str, Any], name: str) -> float:
    return float(item.get(name, math.nan))


def _refusal(path: Path, error: Exception) -> EvaluationError:
    return EvaluationError(
        f'{path}: expected COCO JSON (images, categories, annotations), got '
        f'{type(error).__name__}: {error}'
    )
