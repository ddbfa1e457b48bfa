# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The user's labels: what is to be seen on some of the pictures that a network learns from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from compressed_detector.annotations import CocoData, read_annotations
from compressed_detector.compression import files
from compressed_detector.compression.architectures import Architecture
from compressed_detector.compression.pictures import find_images
from compressed_detector.detection.types import Floats
from compressed_detector.errors import AnnotationError

NAMED = 5


@dataclass(frozen=True, eq=False)
class PictureLabels:
    """
    What is to be seen on one picture; nothing at all is a label, too.

    Boxes ``boxes_xyxy`` (N, 4) and ``ignored_xyxy`` (M, 4), crowds of which not every member is
    labelled, are float32, pixels of the picture; ``class_ids`` int32 (N,) are the network's.
    """

    boxes_xyxy: Floats
    class_ids: npt.NDArray[np.int32]
    ignored_xyxy: Floats


@dataclass(frozen=True, eq=False)
class Labels:
    """
    The labels of some pictures, of the classes of a network.

    ``digest`` is the SHA-256 of the file that they are from; ``left_out`` counts annotations of
    other classes by their names.
    """

    data: CocoData
    classes: tuple[str, ...]
    digest: str
    left_out: Mapping[str, int]

    @property
    def pictures(self) -> frozenset[Path]:
        """The pictures that are labelled."""
        return frozenset(self.data.files.values())

    def counts(self) -> dict[str, int]:
        """Return how many annotations there are of each class that has some."""
        return _counts(self.data)

    def by_picture(self) -> dict[Path, PictureLabels]:
        """Return the labels of every labelled picture."""
        numbers = {self.data.category_ids[name]: number
                   for number, name in enumerate(self.classes) if name in self.data.category_ids}
        rows: dict[int, list[tuple[list[float], int, bool]]] = {key: [] for key in self.data.files}
        for item in self.data.dataset['annotations']:
            left, top, width, height = item['bbox']
            rows[item['image_id']].append(
                ([left, top, left + width, top + height], numbers[item['category_id']],
                 bool(item['iscrowd'])))
        return {path: _picture_labels(rows[image_id])
                for image_id, path in self.data.files.items()}

    def of(self, paths: Collection[Path]) -> CocoData:
        """Return the labels of those of the pictures that have some."""
        wanted = set(paths)
        return self.data.of_pictures(
            {image_id: path for image_id, path in self.data.files.items() if path in wanted})


def load_labels(
    path: Path, images: Path, architecture: Architecture, only_some: bool = False
) -> Labels:
    """
    Read labels in COCO's format of pictures in a folder or its subfolders.

    A picture is recognised by its path in the folder, or by its name where no other one has it.
    Classes that the network does not know are an error, unless it was made for ``only_some``:
    then their annotations are left out. Raises AnnotationError or CompressionError.
    """
    data = read_annotations(path)
    try:
        found = _match(data.files, images)
        if not only_some:
            data.check_classes(architecture.labels)
        known = data.of_classes(architecture.labels)
        if data.asked and not known.asked:
            raise AnnotationError(
                f'expected annotations of {", ".join(architecture.labels)}, got those of '
                f'{", ".join(sorted(data.asked))} only: rename them, or keep their classes')
    except AnnotationError as error:
        raise AnnotationError(f'--labels {path}: {error}') from error
    left_out = {name: count for name, count in _counts(data).items()
                if name not in architecture.labels}
    digest = files.sha256(files.read(path, 'labels'))
    return Labels(CocoData(found, known.dataset), architecture.labels, digest, left_out)


def _match(named: Mapping[int, Path], images: Path) -> dict[int, Path]:
    """Return the picture in a folder that every image is; raises AnnotationError."""
    pictures = find_images(images)
    by_path = {path.relative_to(images): path for path in pictures}
    by_name = {path.name: path for path in pictures}
    names = Counter(path.name for path in pictures)
    found: dict[Path, int] = {}
    missing = []
    for image_id, name in named.items():
        picture = by_path.get(name) or by_name.get(name.name)
        if picture is None:
            missing.append(str(name))
            continue
        if name not in by_path and names[name.name] > 1:
            raise AnnotationError(f'expected pictures by their paths in {images}, got {name}, '
                                  f'which may be any of {names[name.name]}')
        if picture in found:
            raise AnnotationError(f'expected every picture once, got {picture} again')
        found[picture] = image_id
    if missing or not named:
        more = f' and {len(missing) - NAMED} more' if len(missing) > NAMED else ''
        raise AnnotationError(f'expected images that are pictures in {images}, got '
                              f'{", ".join(missing[:NAMED]) or "none"}{more}')
    return {image_id: picture for picture, image_id in found.items()}


def _counts(data: CocoData) -> dict[str, int]:
    ids = Counter(item['category_id'] for item in data.dataset['annotations'])
    return {name: ids[number] for name, number in data.category_ids.items() if ids[number]}


def _picture_labels(rows: list[tuple[list[float], int, bool]]) -> PictureLabels:
    boxes = [(box, class_id) for box, class_id, crowd in rows if not crowd]
    crowds = [box for box, _, crowd in rows if crowd]
    return PictureLabels(
        np.array([box for box, _ in boxes], np.float32).reshape(-1, 4),
        np.array([class_id for _, class_id in boxes], np.int32),
        np.array(crowds, np.float32).reshape(-1, 4),
    )
