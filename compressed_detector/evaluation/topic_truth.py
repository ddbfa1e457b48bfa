# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ground truth from a topic of the bag itself: Detection2DArray, or Detection3DArray in space."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.bags import BagSource
from compressed_detector.detection.camera_model import CameraModel, Floats64
from compressed_detector.detection.detection_arrays import best, boxes_2d, corners_3d
from compressed_detector.detection.detection_cdr import ARRAY
from compressed_detector.detection.distortion import EQUIDISTANT, NO_DISTORTION
from compressed_detector.detection.projection import project
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.ground_truth import NO_TRACK, STAMP, GroundTruth, Objects
from compressed_detector.evaluation.sources import bag_messages, stamp_ns

ARRAY_3D = 'vision_msgs/msg/Detection3DArray'
NEAREST_M = 0.05
# Boxes (N, 4), class names, ids, and places (N, 2) in metres, forward and right.
Rows = tuple[Floats64, list[str], list[str], Floats64]


def load_topic(
    bag: Path, topic: str, calibration: Callable[[], CameraModel | None], axes: Floats64
) -> GroundTruth:
    """
    Return what a topic of the bag says, by header stamp.

    ``calibration`` is asked for where boxes are in space: they are in the optical frame of the
    camera, and what its image shows of them is their box in pixels. ``axes`` are the level axes
    of that frame (detection.obstacles.level_axes). Raises EvaluationError, BagError.
    """
    with BagSource(bag) as source:
        (chosen, *_) = source.select([topic])
    if chosen.msgtype == ARRAY:
        return _collect(bag, topic, _flat)
    if chosen.msgtype != ARRAY_3D:
        raise EvaluationError(f'{bag}: expected ground truth of type {ARRAY} or {ARRAY_3D} on '
                              f'{topic}, got {chosen.msgtype}')
    camera = calibration()
    if camera is None:
        raise EvaluationError(f'{bag}: expected a camera_info beside the image topic, which says '
                              f'where the objects of {topic} appear in the image')
    return _collect(bag, topic, lambda array: _seen(array, camera, axes))


def _collect(bag: Path, topic: str, rows_of: Callable[[Any], Rows]) -> GroundTruth:
    frames: dict[int, Rows] = {}
    for message in bag_messages(bag, topic):
        frames[stamp_ns(message)] = rows_of(message)
    keys = np.array(sorted(frames), np.int64)
    rows = [frames[key] for key in keys.tolist()]
    names = [name for _, classes, _, _ in rows for name in classes]
    ids = [name for _, _, numbers, _ in rows for name in numbers]
    labels = tuple(sorted(set(names)))
    tracks = {name: number for number, name in enumerate(dict.fromkeys(filter(None, ids)))}
    count = len(names)
    places = np.concatenate([np.zeros((0, 2)), *(place for _, _, _, place in rows)])
    return GroundTruth(labels, STAMP, keys, Objects(
        frames=np.repeat(np.arange(len(keys)), [len(classes) for _, classes, _, _ in rows]),
        boxes_xyxy=np.concatenate([np.zeros((0, 4)), *(boxes for boxes, _, _, _ in rows)]),
        class_ids=np.array([labels.index(name) for name in names], np.int32),
        track_ids=np.array([tracks.get(name, NO_TRACK) for name in ids], np.int64),
        ignored=np.zeros(count, np.bool_), crowd=np.zeros(count, np.bool_),
        forward_m=places[:, 0], right_m=places[:, 1],
    ))


def _flat(array: Any) -> Rows:
    boxes, names, _, ids = boxes_2d(array)
    return boxes, names, ids, np.full((len(boxes), 2), np.nan)


def _seen(array: Any, camera: CameraModel, axes: Floats64) -> Rows:
    """Return what the image shows of boxes in space; what it does not show is left out."""
    boxes, names, ids, places = [], [], [], []
    for item in array.detections:
        if not len(item.results):
            continue
        corners = corners_3d(item.bbox)
        front = corners[corners[:, 2] > NEAREST_M]
        if not len(front):
            continue
        pixels = np.clip(_pixels(camera, front), 0, (camera.width, camera.height))
        box = np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])
        if (box[2:] - box[:2] < 1).any():
            continue
        level = corners @ axes
        boxes.append(box)
        places.append((level[:, 2].min(), level[:, 0].mean()))
        names.append(best(item).class_id)
        ids.append(item.id)
    return (np.array(boxes).reshape(-1, 4), names, ids, np.array(places).reshape(-1, 2))


def _pixels(camera: CameraModel, points: Floats64) -> Floats64:
    """Project points (N, 3); those that a distorted lens would fold back in stay outside."""
    pixels = project(camera, points)
    directions = points[:, :2] / points[:, 2:]
    # NaN, where no ray can reach, is not close either.
    close = np.abs(camera.rays(pixels) - directions).max(axis=1) < 1e-3
    ideal = dataclasses.replace(camera, distortion_model=NO_DISTORTION, distortion=())
    outside = camera.distortion_model != EQUIDISTANT
    seen: Floats64 = np.where((~close & outside)[:, None], project(ideal, points), pixels)
    return seen
