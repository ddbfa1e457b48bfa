# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Annotations are read as they are, and refused with a reason when they are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from compressed_detector.annotations import CocoData, read_annotations
from compressed_detector.errors import AnnotationError

PERSON, DOG = {'id': 7, 'name': 'person'}, {'id': 9, 'name': 'dog'}


def annotation(image_id: int, box: list[float], category_id: int = 7, **more: Any) -> Any:
    return {'id': 0, 'image_id': image_id, 'category_id': category_id, 'bbox': box, **more}


def dataset(*annotations: Any, **changes: Any) -> dict[str, Any]:
    return {
        'images': [{'id': index, 'file_name': f'{index}.png'} for index in range(2)],
        'categories': [PERSON, DOG], 'annotations': list(annotations), **changes,
    }


def read(folder: Path, content: Any) -> CocoData:
    path = folder / 'annotations.json'
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_annotations(path)


def test_annotations_have_what_is_scored_and_learned_from(tmp_path: Path) -> None:
    data = read(tmp_path, dataset(
        annotation(1, [1, 2, 3, 4], segmentation=[]),
        annotation(0, [0, 0, 9, 9], 9, iscrowd=1, area=7)))
    assert data.files == {0: Path('0.png'), 1: Path('1.png')}
    assert data.category_ids == {'person': 7, 'dog': 9}
    assert data.asked == {'person', 'dog'}
    assert data.dataset['annotations'] == [
        {'id': 1, 'image_id': 1, 'category_id': 7, 'bbox': [1, 2, 3, 4], 'area': 12,
         'iscrowd': 0},
        {'id': 2, 'image_id': 0, 'category_id': 9, 'bbox': [0, 0, 9, 9], 'area': 7,
         'iscrowd': 1},
    ]


def test_a_part_has_the_annotations_of_its_classes_and_pictures(tmp_path: Path) -> None:
    data = read(tmp_path, dataset(
        annotation(0, [1, 2, 3, 4]), annotation(1, [5, 6, 7, 8]), annotation(1, [0, 0, 9, 9], 9)))
    part = data.of_classes(['person']).of_pictures({1: Path('elsewhere.png')})
    assert [item['bbox'] for item in part.dataset['annotations']] == [[5, 6, 7, 8]]
    assert part.dataset['images'] == [{'id': 1}]
    assert part.files == {1: Path('elsewhere.png')}
    assert len(data.dataset['annotations']) == 3


def test_class_that_is_annotated_must_be_known(tmp_path: Path) -> None:
    data = read(tmp_path, dataset(annotation(0, [0, 0, 5, 5], 9)))
    data.check_classes(['dog'])
    with pytest.raises(AnnotationError, match=r"got \['dog'\].*known: person, cat"):
        data.check_classes(['person', 'cat'])


@pytest.mark.parametrize(('content', 'message'), [
    ('', 'expected annotations in COCO format'),
    ('[]', 'expected annotations in COCO format'),
    ('[' * 100_000, 'expected annotations in COCO format'),
    ('{}', "KeyError: 'images'"),
    (dataset(annotation(0, [0, 0, 5])), r'expected bbox as \[left, top, width, height\]'),
    (dataset(annotation(0, [0, 0, 5, -1])), 'expected bbox'),
    (dataset(annotation(0, [0, 0, 5, float('nan')])), 'expected bbox'),
    (dataset(annotation(float('inf'), [0, 0, 5, 5])), 'OverflowError'),
    (dataset(annotation(3, [0, 0, 5, 5])), 'unknown image or category: 3, 7'),
    (dataset(annotation(0, [0, 0, 5, 5], 8)), 'unknown image or category: 0, 8'),
    (dataset(images=[{'id': 1, 'file_name': 3}]), 'TypeError'),
    (dataset(images=[{'id': 1, 'file_name': 'a'}, {'id': 1, 'file_name': 'b'}]),
     'expected every image id once, got 1 again'),
    (dataset(categories=[PERSON, {'id': 9, 'name': 'person'}]),
     "expected every category once, got 'person' again"),
    (dataset(categories=[PERSON, {'id': 7, 'name': 'dog'}]),
     'expected every category id once, got 7 again'),
])
def test_what_is_not_in_the_format_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(AnnotationError, match=f'annotations.json: .*{message}'):
        read(tmp_path, content)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match='absent.json'):
        read_annotations(tmp_path / 'absent.json')
