# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Average precision on a folder of pictures with annotations in COCO's format."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import EvaluationError

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


@dataclass(frozen=True)
class CocoData:
    """Checked annotations: the pictures' files by image id, and the data set as COCO has it."""

    files: Mapping[int, Path]
    dataset: dict[str, Any]

    @property
    def category_ids(self) -> dict[str, int]:
        """The ids of the categories by name."""
        return {item['name']: item['id'] for item in self.dataset['categories']}


def average_precision(
    detect: Detect,
    labels: Sequence[str],
    annotations: Path,
    images_dir: Path,
    progress: Progress = lambda done, total: None,
) -> CocoResult:
    """
    Return how well ``detect`` finds what the annotations say is there.

    ``detect`` maps a BGR image to detections whose class ids are indices into ``labels``; the
    annotations' categories are recognised by name, detections of other classes do not count.
    Raises EvaluationError.
    """
    data = load_coco(annotations, images_dir, labels)
    results: list[dict[str, Any]] = []
    for done, (image_id, path) in enumerate(data.files.items(), start=1):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise EvaluationError(f'{annotations}: expected a picture {path}, cannot read it')
        results.extend(_results(detect(image), image_id, labels, data.category_ids))
        progress(done, len(data.files))
    return _evaluate(data, results)


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


def load_coco(annotations: Path, images_dir: Path, labels: Sequence[str]) -> CocoData:
    """
    Read and check annotations in COCO's format.

    Raises EvaluationError when the file is not such, has no annotations, names a picture that
    is not there, or asks for a class that is not among the labels.
    """
    try:
        content = json.loads(annotations.read_text(encoding='utf-8'))
        files = {int(item['id']): images_dir / item['file_name'] for item in content['images']}
        names = {int(item['id']): str(item['name']) for item in content['categories']}
        objects = [
            _annotation(number, item, files, names)
            for number, item in enumerate(content['annotations'], start=1)
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvaluationError(
            f'{annotations}: expected annotations in COCO format (images, categories, '
            f'annotations), got {type(error).__name__}: {error}'
        ) from error
    try:
        _check_asked({names[item['category_id']] for item in objects}, labels)
        _check_pictures(list(files.values()))
    except EvaluationError as error:
        raise EvaluationError(f'{annotations}: {error}') from error
    return CocoData(files, {
        'images': [{'id': image_id} for image_id in files],
        'categories': [{'id': number, 'name': name} for number, name in names.items()],
        'annotations': objects,
    })


def _check_asked(asked: set[str], labels: Sequence[str]) -> None:
    if not asked:
        raise EvaluationError('expected at least one annotation, got none')
    unknown = sorted(asked - set(labels))
    if unknown:
        raise EvaluationError(
            f'expected the classes of the model, got {unknown}, which it does not know; rename '
            f'or remove them (known: {", ".join(labels)})'
        )


def _check_pictures(paths: Sequence[Path]) -> None:
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise EvaluationError(
            f'expected {len(paths)} pictures, {len(missing)} of them are missing, '
            f'first {missing[0]}'
        )


def _annotation(
    number: int, item: Mapping[str, Any], files: Mapping[int, Path], names: Mapping[int, str]
) -> dict[str, Any]:
    """Return one annotation with the fields that the evaluation reads, numbered from 1."""
    box = [float(value) for value in item['bbox']]
    if len(box) != 4 or not all(map(math.isfinite, box)) or min(box[2:]) < 0:
        raise ValueError(f'expected bbox as [left, top, width, height], got {item["bbox"]}')
    image_id, category_id = int(item['image_id']), int(item['category_id'])
    if image_id not in files or category_id not in names:
        raise ValueError(f'annotation of an unknown image or category: {image_id}, {category_id}')
    return {
        'id': number, 'image_id': image_id, 'category_id': category_id, 'bbox': box,
        'area': float(item.get('area', box[2] * box[3])), 'iscrowd': int(item.get('iscrowd', 0)),
    }


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
