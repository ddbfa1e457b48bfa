# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Labels find their pictures and their classes, or say why they cannot."""

import json
from pathlib import Path
from typing import Any

import pytest
from labelled_pictures import write_squares
from small_networks import TINY_LEARNER

from compressed_detector.compression.labels import Labels, load_labels
from compressed_detector.errors import AnnotationError

CATEGORIES = [{'id': 1, 'name': 'b'}, {'id': 2, 'name': 'forklift'}]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    images = tmp_path / 'images'
    for name in ('left/1.png', 'right/1.png', 'left/2.png', '3.png', '4.png'):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).touch()
    return images


def annotation(image_id: int, category_id: int = 1, **more: Any) -> dict[str, Any]:
    return {'image_id': image_id, 'category_id': category_id, 'bbox': [1, 2, 3, 4], **more}


def load(
    images: Path, names: list[str], *annotations: dict[str, Any], only_some: bool = False
) -> Labels:
    path = images.parent / 'labels.json'
    path.write_text(json.dumps({
        'images': [{'id': number, 'file_name': name} for number, name in enumerate(names)],
        'categories': CATEGORIES, 'annotations': list(annotations),
    }))
    return load_labels(path, images, TINY_LEARNER, only_some)


def test_pictures_are_recognised_by_path_or_by_a_name_of_their_own(images: Path) -> None:
    labels = load(images, ['right/1.png', 'elsewhere/2.png', './3.png'], annotation(1))
    assert labels.pictures == {images / 'right/1.png', images / 'left/2.png', images / '3.png'}


def test_boxes_classes_and_crowds_are_those_of_the_network(images: Path) -> None:
    labels = load(images, ['3.png', '4.png'], annotation(0), annotation(0, iscrowd=1))
    found = labels.by_picture()
    labelled, nothing = found[images / '3.png'], found[images / '4.png']
    assert labelled.boxes_xyxy.tolist() == labelled.ignored_xyxy.tolist() == [[1, 2, 4, 6]]
    assert labelled.class_ids.tolist() == [1]
    assert (nothing.boxes_xyxy.shape, nothing.class_ids.shape) == ((0, 4), (0,))
    assert labels.counts() == {'b': 2}


def test_part_of_the_labels_can_be_scored_by(images: Path) -> None:
    labels = load(images, ['3.png', '4.png'], annotation(0), annotation(1))
    data = labels.of([images / '4.png', images / 'left/2.png'])
    assert data.files == {1: images / '4.png'}
    assert [item['image_id'] for item in data.dataset['annotations']] == [1]


def test_classes_that_were_not_kept_are_left_out(images: Path) -> None:
    annotations = annotation(0), annotation(1, 2)
    labels = load(images, ['3.png', '4.png'], *annotations, only_some=True)
    assert labels.left_out == {'forklift': 1}
    assert len(labels.by_picture()[images / '4.png'].boxes_xyxy) == 0
    with pytest.raises(AnnotationError, match=r"--labels .*got \['forklift'\].*known: a, b"):
        load(images, ['3.png', '4.png'], *annotations)


def test_labels_of_other_classes_only_are_refused_in_any_case(images: Path) -> None:
    with pytest.raises(AnnotationError, match='expected annotations of a, b, got .* forklift'):
        load(images, ['3.png'], annotation(0, 2), only_some=True)


@pytest.mark.parametrize(('names', 'message'), [
    (['3.png', 'absent.png'], 'expected images that are pictures in .*images, got absent.png'),
    ([], 'expected images .* got none'),
    (['1.png'], 'expected pictures by their paths in .*images, got 1.png, which may be any of 2'),
    (['3.png', 'old/3.png'], 'expected every picture once, got .*3.png again'),
])
def test_pictures_that_cannot_be_told_are_named(
    images: Path, names: list[str], message: str
) -> None:
    with pytest.raises(AnnotationError, match=f'--labels .*labels.json: {message}'):
        load(images, names)


def test_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = write_squares(tmp_path, 4)
    first = load_labels(path, tmp_path / 'images', TINY_LEARNER).digest
    path.write_text(path.read_text() + '\n')
    assert load_labels(path, tmp_path / 'images', TINY_LEARNER).digest != first
