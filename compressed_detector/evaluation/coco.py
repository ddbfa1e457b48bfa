# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Average precision on a folder of pictures with annotations in COCO's format."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from compressed_detector.annotations import CocoData, read_annotations
from compressed_detector.config import DetectionSettings
from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import AnnotationError, EvaluationError

Detect = Callable[[Image], Detections]
Progress = Callable[[int, int], None]

# Nearly everything the detector sees: precision is averaged over all scores.
SETTINGS = DetectionSettings(score_threshold=0.05, nms_iou_threshold=0.6, max_detections=100)


@dataclass(frozen=True)
class CocoResult:
    """
    COCO's average precision over all sizes, 0 to 1.

    ``ap`` is the mean over the IoU thresholds 0.50 to 0.95, ``ap50`` and ``ap75`` are at one;
    ``per_class`` is ``ap`` of every class that occurs in the annotations.
    """

    ap: float
    ap50: float
    ap75: float
    per_class: Mapping[str, float]
    images: int


def average_precision(
    detect: Detect,
    labels: Sequence[str],
    data: CocoData,
    progress: Progress = lambda done, total: None,
) -> CocoResult:
    """
    Return how well ``detect`` finds what the annotations say is there.

    ``detect`` maps a BGR image to detections whose class ids are indices into ``labels``; the
    annotations' categories are recognised by name, detections of other classes do not count.
    Raises EvaluationError.
    """
    results: list[dict[str, Any]] = []
    for done, (image_id, path) in enumerate(data.files.items(), start=1):
        found = detect(read_picture(path))
        results.extend(_results(found, image_id, labels, data.category_ids))
        progress(done, len(data.files))
    return _evaluate(data, results)


def read_picture(path: Path) -> Image:
    """Return a picture as BGR (H, W, 3), uint8; raises EvaluationError."""
    image: Image | None = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise EvaluationError(f'expected a picture {path}, cannot read it')
    return image


def precision_against(
    truth: Sequence[Detections], found: Sequence[Detections], labels: Sequence[str]
) -> CocoResult:
    """
    Return how well detections match others that are taken for the truth, picture by picture.

    Class ids are indices into ``labels``. Raises EvaluationError when there is no truth at all.
    """
    dataset: dict[str, Any] = {
        'images': [{'id': image_id} for image_id in range(len(truth))],
        'categories': [{'id': number, 'name': name} for number, name in enumerate(labels)],
        'annotations': [],
    }
    data = CocoData({image_id: Path() for image_id in range(len(truth))}, dataset)
    results: list[dict[str, Any]] = []
    for image_id, (wanted, got) in enumerate(zip(truth, found, strict=True)):
        for item in _results(wanted, image_id, labels, data.category_ids):
            width, height = item['bbox'][2:]
            dataset['annotations'].append({
                **item, 'id': len(dataset['annotations']) + 1, 'area': width * height,
                'iscrowd': 0,
            })
        results.extend(_results(got, image_id, labels, data.category_ids))
    if not dataset['annotations']:
        raise EvaluationError('expected at least one detection to compare with, got none')
    return _evaluate(data, results)


def load_coco(
    annotations: Path, images_dir: Path, labels: Sequence[str], asked: Sequence[str] | None = None
) -> CocoData:
    """
    Read annotations to score by, with their pictures in a folder.

    Some of the labels may be ``asked`` for only. Raises AnnotationError when the file is not in
    COCO's format, has no annotations of those, names a picture that is not there, or has a class
    that is not among the labels.
    """
    data = read_annotations(annotations)
    data = dataclasses.replace(
        data, files={image_id: images_dir / name for image_id, name in data.files.items()})
    try:
        data.check_classes(labels)
        data = data.of_classes(labels if asked is None else asked)
        if not data.asked:
            raise AnnotationError('expected at least one annotation'
                                  f'{" of " + ", ".join(asked) if asked else ""}, got none')
        _check_pictures(list(data.files.values()))
    except AnnotationError as error:
        raise AnnotationError(f'{annotations}: {error}') from error
    return data


def _check_pictures(paths: Sequence[Path]) -> None:
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise AnnotationError(
            f'expected {len(paths)} pictures, {len(missing)} of them are missing, '
            f'first {missing[0]}'
        )


def _results(
    detections: Detections, image_id: int, labels: Sequence[str], category_ids: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {
            'image_id': image_id,
            'category_id': category_ids[labels[class_id]],
            'bbox': [left, top, right - left, bottom - top],
            'score': score,
        }
        for (left, top, right, bottom), score, class_id in zip(
            detections.boxes_xyxy.tolist(), detections.scores.tolist(),
            detections.class_ids.tolist(),
        )
        if labels[class_id] in category_ids
    ]


def _evaluate(data: CocoData, results: list[dict[str, Any]]) -> CocoResult:
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError as error:
        raise EvaluationError(
            f'faster-coco-eval cannot be imported ({error}); install the workshop with: '
            'python3 -m pip install -r requirements/workshop.txt'
        ) from error
    asked = sorted({item['category_id'] for item in data.dataset['annotations']})
    if not results:
        return CocoResult(0.0, 0.0, 0.0, dict.fromkeys(_names(data, asked), 0.0), len(data.files))
    truth = COCO(data.dataset)
    evaluation = COCOeval_faster(truth, truth.loadRes(results), 'bbox')
    evaluation.params.catIds = asked
    evaluation.run()
    ap, ap50, ap75 = (float(value) for value in evaluation.stats[:3])
    # precision: (thresholds, recalls, classes, areas, limits); area 0 is all, limit -1 is 100.
    precision = evaluation.eval['precision'][:, :, :, 0, -1]
    per_class = {
        name: float(values.mean())
        for name, values in zip(_names(data, asked), np.moveaxis(precision, 2, 0))
        if values.min() >= 0  # -1 marks a class of which there are only crowds
    }
    return CocoResult(ap, ap50, ap75, per_class, len(data.files))


def _names(data: CocoData, category_ids: Sequence[int]) -> list[str]:
    names = {number: name for name, number in data.category_ids.items()}
    return [names[number] for number in category_ids]
