# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The objects of the KITTI object benchmark, whose distance is known, and their ranges.

Geiger, Lenz, Urtasun: Are we ready for autonomous driving?, CVPR 2012. A folder holds image_2,
label_2 and calib as KITTI's archives do. The distances come from a laser scanner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from compressed_detector.config import RangingSettings
from compressed_detector.detection.camera_model import CameraModel, Floats64, Mounting
from compressed_detector.detection.ranging import Ranges, combine, from_ground_plane
from compressed_detector.detection.types import Detections, Floats, Image, Indices
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.matching import match

# KITTI's sensor setup: the cameras are 1.65 m above the road and level.
MOUNTING = Mounting(height_m=1.65)
# What stands on the road and what COCO calls it.
CLASSES = {'Car': 'car', 'Pedestrian': 'person'}


@dataclass(frozen=True)
class Subject:
    """A class of objects and which of their distances a range is compared with."""

    name: str
    class_name: str
    distance: str  # 'near_m' or 'centre_m'


# A pedestrian's box ends at the feet, below the middle of the body, a car's at its near face.
SUBJECTS = (
    Subject('car, near face', 'Car', 'near_m'),
    Subject('person, centre', 'Pedestrian', 'centre_m'),
    Subject('person, near face', 'Pedestrian', 'near_m'),
)


@dataclass(frozen=True)
class KittiObject:
    """
    One labelled object.

    ``box_xyxy``: pixels, (0, 0) is the corner of the first pixel. ``near_m``, ``centre_m``: along
    z of the optical frame, of the nearest point and the centre of the 3D box. ``truncated``: the
    part of it outside of the image, 0 to 1. ``occluded``: 0 is fully visible.
    """

    frame: str
    class_name: str
    camera: CameraModel
    truncated: float
    occluded: int
    box_xyxy: tuple[float, float, float, float]
    near_m: float
    centre_m: float

    @property
    def cut_below(self) -> bool:
        """Whether the bottom of the image cuts the label."""
        return self.box_xyxy[3] >= self.camera.height - 1

    @property
    def clear(self) -> bool:
        """Whether all of the object is visible."""
        return self.truncated == 0 and self.occluded == 0


def load_folder(folder: Path) -> list[KittiObject]:
    """Return the cars and pedestrians of a KITTI folder; raises EvaluationError."""
    labels = sorted((folder / 'label_2').glob('*.txt'))
    if not labels:
        raise EvaluationError(
            f'{folder}: expected the folders image_2, label_2 and calib of the KITTI object '
            'benchmark, got no label_2/*.txt'
        )
    return [item for path in labels for item in _load_frame(folder, path)]


def read_image(folder: Path, frame: str) -> Image:
    """Return the left colour image of a frame, BGR (H, W, 3) uint8; raises EvaluationError."""
    paths = sorted((folder / 'image_2').glob(f'{frame}.*'))
    image = cv2.imread(str(paths[0])) if paths else None
    if image is None:
        raise EvaluationError(f'{folder}: expected a picture image_2/{frame}.png or .jpg')
    return np.asarray(image, np.uint8)


def _load_frame(folder: Path, label_path: Path) -> list[KittiObject]:
    height, width = read_image(folder, label_path.stem).shape[:2]
    calibration_path = folder / 'calib' / label_path.name
    try:
        projection = _projection(calibration_path.read_text(encoding='utf-8'))
        rows = [line.split() for line in label_path.read_text(encoding='utf-8').splitlines()]
        camera = CameraModel(
            width, height, projection[0, 0], projection[1, 1], projection[0, 2], projection[1, 2]
        )
        # Labels are in the frame of camera 0, the picture is camera 2's.
        shift = np.linalg.solve(projection[:, :3], projection[:, 3])[2]
        return [
            _object(label_path.stem, camera, row, shift) for row in rows if row[0] in CLASSES
        ]
    except (OSError, ValueError, IndexError, StopIteration) as error:
        raise EvaluationError(
            f'{label_path}: expected KITTI labels with 15 columns and {calibration_path} with a '
            f'row P2, got {type(error).__name__}: {error}'
        ) from error


def _projection(calibration: str) -> Floats64:
    row = next(line for line in calibration.splitlines() if line.startswith('P2:'))
    return np.array(row.split()[1:], np.float64).reshape(3, 4)


def _object(frame: str, camera: CameraModel, row: list[str], shift: float) -> KittiObject:
    truncated, _, _, left, top, right, bottom = map(float, row[1:8])
    _, width, length, _, _, z, yaw = map(float, row[8:15])
    centre = z + float(shift)
    half = (abs(np.sin(yaw)) * length + abs(np.cos(yaw)) * width) / 2
    # KITTI counts pixels from the centre of the first one.
    box = (left + 0.5, top + 0.5, right + 0.5, bottom + 0.5)
    return KittiObject(
        frame, row[0], camera, truncated, int(row[2]), box, centre - float(half), centre
    )


def range_objects(
    objects: Sequence[KittiObject], boxes_xyxy: npt.ArrayLike, settings: RangingSettings
) -> Ranges:
    """Return the ground-plane ranges of objects, N, seen in boxes (N, 4)."""
    boxes = np.asarray(boxes_xyxy, np.float32).reshape(-1, 4)
    ranges = Ranges.unknown(len(objects))
    for camera in {item.camera for item in objects}:
        same = np.array([item.camera == camera for item in objects])
        # combine takes what is known: a row that another camera sees is not, here.
        seen = np.where(same[:, None], boxes, np.nan)
        ranges = combine(ranges, from_ground_plane(seen, camera, MOUNTING, settings))
    return ranges


def detect_objects(
    objects: Sequence[KittiObject],
    folder: Path,
    detect: Callable[[Image], Detections],
    labels: Sequence[str],
    iou_threshold: float = 0.5,
) -> tuple[Indices, Floats]:
    """
    Return which objects a detector finds, (M,), and its boxes for them, (M, 4) float32.

    An object is found by a box of its class that overlaps its label by iou_threshold. Raises
    EvaluationError when a picture is missing.
    """
    by_frame: dict[str, dict[str, list[int]]] = {}
    for row, item in enumerate(objects):
        by_frame.setdefault(item.frame, {}).setdefault(item.class_name, []).append(row)
    found: list[tuple[int, Floats]] = []
    for frame, by_class in by_frame.items():
        detections = detect(read_image(folder, frame))
        for name, rows in by_class.items():
            truth = np.array([objects[row].box_xyxy for row in rows], np.float32)
            same = detections[detections.class_ids == labels.index(CLASSES[name])]
            answers = match(same.boxes_xyxy, same.scores, truth, iou_threshold)
            found += [(rows[i], box) for i, box in zip(answers, same.boxes_xyxy) if i >= 0]
    boxes = np.array([box for _, box in found], np.float32).reshape(-1, 4)
    return np.array([row for row, _ in found], np.intp), boxes


def clear_distances(
    objects: Sequence[KittiObject], subject: Subject, band_m: tuple[float, float]
) -> tuple[Indices, Floats64]:
    """Return which fully visible objects are in a band of distance, and their distances (M,)."""
    rows = [
        row for row, item in enumerate(objects)
        if item.clear and item.class_name == subject.class_name
        and band_m[0] <= getattr(item, subject.distance) <= band_m[1]
    ]
    distances = [getattr(objects[row], subject.distance) for row in rows]
    return np.array(rows, np.intp), np.array(distances, np.float64)


def cut_distances(objects: Sequence[KittiObject]) -> tuple[Indices, Floats64]:
    """Return which objects the bottom of the image cuts, and how near they come (M,)."""
    rows = [row for row, item in enumerate(objects) if item.cut_below]
    return np.array(rows, np.intp), np.array([objects[row].near_m for row in rows], np.float64)
