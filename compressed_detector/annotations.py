# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What people drew on pictures: annotations in COCO's format, checked once for all who need them.

Networks learn from them and are scored by them (Lin et al., Microsoft COCO, ECCV 2014).
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compressed_detector.errors import AnnotationError


@dataclass(frozen=True)
class CocoData:
    """
    Checked annotations: the pictures' files by image id, and the data set as COCO has it.

    An annotation is ``image_id``, ``category_id``, ``bbox`` (left, top, width, height in pixels
    of the picture), ``area``, ``iscrowd`` and an ``id`` of its own.
    """

    files: Mapping[int, Path]
    dataset: dict[str, Any]

    @property
    def category_ids(self) -> dict[str, int]:
        """The ids of the categories by name."""
        return {item['name']: item['id'] for item in self.dataset['categories']}

    @property
    def asked(self) -> set[str]:
        """The names of the categories that are annotated."""
        names = self._names()
        return {names[item['category_id']] for item in self.dataset['annotations']}

    def check_classes(self, known: Sequence[str]) -> None:
        """Raise AnnotationError when a class is annotated that is not among the known ones."""
        unknown = sorted(self.asked - set(known))
        if unknown:
            raise AnnotationError(
                f'expected the classes of the model, got {unknown}, which it does not know; '
                f'rename or remove them (known: {", ".join(known)})'
            )

    def of_classes(self, names: Collection[str]) -> CocoData:
        """Return the same pictures with the annotations of some classes only."""
        wanted = {number for number, name in self._names().items() if name in names}
        return self._with(item for item in self.dataset['annotations']
                          if item['category_id'] in wanted)

    def of_pictures(self, files: Mapping[int, Path]) -> CocoData:
        """Return some of the pictures, by image id, with what is annotated on them."""
        chosen = self._with(item for item in self.dataset['annotations']
                            if item['image_id'] in files)
        images = [{'id': image_id} for image_id in files]
        return CocoData(files, {**chosen.dataset, 'images': images})

    def _with(self, annotations: Iterable[Mapping[str, Any]]) -> CocoData:
        return dataclasses.replace(
            self, dataset={**self.dataset, 'annotations': list(annotations)})

    def _names(self) -> dict[int, str]:
        return {number: name for name, number in self.category_ids.items()}


def read_annotations(path: Path) -> CocoData:
    """
    Read annotations; the files are as they are named there.

    Raises AnnotationError when it is not a file in COCO's format.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        files = _unique('image id', (
            (int(item['id']), Path(item['file_name'])) for item in content['images']))
        names = _unique('category id', (
            (int(item['id']), str(item['name'])) for item in content['categories']))
        ids = _unique('category', ((name, number) for number, name in names.items()))
        objects = [
            _annotation(number, item, files, names)
            for number, item in enumerate(content['annotations'], start=1)
        ]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise AnnotationError(
            f'{path}: expected annotations in COCO format (images, categories, '
            f'annotations), got {type(error).__name__}: {error}'
        ) from error
    return CocoData(files, {
        'images': [{'id': image_id} for image_id in files],
        'categories': [{'id': number, 'name': name} for name, number in ids.items()],
        'annotations': objects,
    })


def read_bbox(bbox: Any) -> list[float]:
    """Return left, top, width and height in pixels; raises ValueError, or TypeError."""
    box = [float(value) for value in bbox]
    if len(box) != 4 or not all(map(math.isfinite, box)) or min(box[2:]) < 0:
        raise ValueError(f'expected bbox as [left, top, width, height], got {bbox}')
    return box


def _unique(what: str, items: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in items:
        if key in found:
            raise ValueError(f'expected every {what} once, got {key!r} again')
        found[key] = value
    return found


def _annotation(
    number: int, item: Mapping[str, Any], files: Mapping[int, Path], categories: Collection[int]
) -> dict[str, Any]:
    """Return one annotation with the fields that are read of it, numbered from 1."""
    box = read_bbox(item['bbox'])
    image_id, category_id = int(item['image_id']), int(item['category_id'])
    if image_id not in files or category_id not in categories:
        raise ValueError(f'annotation of an unknown image or category: {image_id}, {category_id}')
    return {
        'id': number, 'image_id': image_id, 'category_id': category_id, 'bbox': box,
        'area': float(item.get('area', box[2] * box[3])), 'iscrowd': int(item.get('iscrowd', 0)),
    }
