# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The user is told what becomes of the labels, before anything takes long."""

import json
from pathlib import Path

import pytest

from compressed_detector.cli import user_labels
from compressed_detector.compression.labels import Labels
from compressed_detector.compression.naming import Design, decode
from compressed_detector.errors import AnnotationError

HELD_OUT = '12.png'  # by its name


def write(folder: Path, *annotations: tuple[int, str]) -> Path:
    """Label pictures 1 and 2, both to learn from, and the one that is held out, as 12."""
    categories = ['person', 'car', 'forklift']
    path = folder / 'labels.json'
    path.write_text(json.dumps({
        'images': [{'id': number, 'file_name': f'{number}.png'} for number in (1, 2, 12)],
        'categories': [{'id': number, 'name': name} for number, name in enumerate(categories)],
        'annotations': [{'image_id': image, 'category_id': categories.index(name),
                         'bbox': [1, 2, 3, 4]} for image, name in annotations],
    }))
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    images = tmp_path / 'images'
    images.mkdir()
    for name in ('1.png', '2.png', '3.png', HELD_OUT):
        (images / name).touch()
    return images


def load(images: Path, design: Design, *annotations: tuple[int, str]) -> Labels:
    labels = user_labels.load(write(images.parent, *annotations), images, design)
    assert labels is not None
    return labels


def test_summary_counts_what_is_learned_from_and_held_out(images: Path) -> None:
    design = decode('nanodet_g_96_kd2_qat8x1_wi8_ai8')
    labels = load(images, design, (1, 'person'), (1, 'person'), (12, 'car'))
    assert user_labels.summary(labels, images, design).splitlines() == [
        'labels: 2 of 3 pictures to learn from, 1 of 1 held-out ones',
        '  annotations: 2 person, 1 car',
        '  learned from in: kd2, qat8x1',
    ]
    truth = user_labels.held_out_truth(labels, images)
    assert truth is not None
    assert list(truth.files.values()) == [images / HELD_OUT]


def test_summary_says_what_is_not_learned_from_or_measured(images: Path) -> None:
    design = decode('nanodet_g_96_only-person_wi8_ai8')
    labels = load(images, design, (1, 'person'), (2, 'forklift'), (12, 'car'))
    assert user_labels.held_out_truth(labels, images) is None
    said = user_labels.summary(labels, images, design)
    assert 'learned from in: no stage, since none of these trains' in said
    assert 'left out, of other classes: 1 car, 1 forklift' in said
    assert 'no average precision: there is no object on a held-out picture' in said


def test_class_that_no_network_of_the_recipe_knows_is_an_error(images: Path) -> None:
    with pytest.raises(AnnotationError, match='forklift'):
        load(images, decode('nanodet_g_96_kd2'), (1, 'forklift'))


def test_picture_that_is_learned_from_for_want_of_others_is_not_scored_by(tmp_path: Path) -> None:
    (tmp_path / HELD_OUT).touch()
    path = tmp_path / 'labels.json'
    path.write_text(json.dumps({
        'images': [{'id': 1, 'file_name': HELD_OUT}], 'categories': [{'id': 1, 'name': 'person'}],
        'annotations': [{'image_id': 1, 'category_id': 1, 'bbox': [1, 2, 3, 4]}],
    }))
    labels = user_labels.load(path, tmp_path, decode('nanodet_g_96_kd2'))
    assert labels is not None
    assert user_labels.held_out_truth(labels, tmp_path) is None
