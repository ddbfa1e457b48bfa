# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest suggested for a model fits it, and says what in it is assumed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from unknown_models import COCO, model, roles, ssd_model, tensor

from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.heads import make_head
from compressed_detector.detection.inspection import Inspection, inspect
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.detection.manifest import Manifest
from compressed_detector.detection.suggestion import suggest
from compressed_detector.errors import ModelError

DATA = Path(__file__).parents[1] / 'data'


@pytest.mark.parametrize('name', ['tiny_yolov8', 'tiny_yolov8_int8', 'tiny_yolox', 'tiny_ssd'])
@pytest.mark.parametrize('with_labels', [True, False])
def test_real_model_is_given_the_manifest_it_was_made_with(name: str, with_labels: bool) -> None:
    made = Manifest.from_json((DATA / 'tiny_heads' / f'{name}.json').read_text(encoding='utf-8'))
    suggestion = suggest(
        inspect(DATA / 'tiny_heads' / made.file), made.labels if with_labels else ()
    )
    # The order of the outputs is of no matter, defaults of the head may be spelt out.
    assert roles(suggestion.manifest) == roles(made)
    placeholders = ('class_0', 'class_1', 'class_2')
    assert suggestion.manifest.labels == (made.labels if with_labels else placeholders)
    same = dataclasses.replace(
        suggestion.manifest, outputs=made.outputs, head_options={}, labels=made.labels,
        lineage=made.lineage,
    )
    assert same == made


@pytest.mark.parametrize('path', sorted(DATA.glob('tiny_*/*.json')), ids=lambda path: path.stem)
def test_detector_opens_with_the_suggestion(path: Path) -> None:
    made = Manifest.from_json(path.read_text(encoding='utf-8'))
    manifest = suggest(inspect(path.with_name(made.file)), made.labels).manifest
    content = path.with_name(made.file).read_bytes()
    Detector(Bundle(manifest, content), LiteInterpreter(content, num_threads=1))
    assert (manifest.head, roles(manifest)) == (made.head, roles(made))


def test_gfl_model_is_recognised_when_the_labels_say_how_many_bins_are_left() -> None:
    found = inspect(DATA / 'tiny_gfl' / 'tiny_gfl.tflite')
    manifest = suggest(found, ('a', 'b', 'c')).manifest
    assert manifest.head_options['bins'] == 4
    with pytest.raises(ModelError, match='not those of a known head .*gfl, ssd, yolov8, yolox'
                                         '.*give the class names with --labels'):
        suggest(found)


YOLOX = (1, 3549, 85)
NANODET = [(1, 52, 52, 124), (1, 26, 26, 124), (1, 13, 13, 124)]
PICODET = [(1, 2704, 80), (1, 676, 80), (1, 169, 80), (1, 49, 80),
           (1, 2704, 32), (1, 676, 32), (1, 169, 32), (1, 49, 32)]


@pytest.mark.parametrize(
    ('found', 'head', 'options', 'preprocessing'),
    [
        pytest.param(
            model(YOLOX, operators=['LOGISTIC']), 'yolox',
            {'strides': [8, 16, 32], 'decoded': False},
            {'color': 'bgr', 'pad_value': 114, 'resize': 'letterbox_top_left', 'std': (1, 1, 1)},
            id='YOLOX',
        ),
        pytest.param(
            model(YOLOX, operators=['LOGISTIC', 'EXP']), 'yolox',
            {'strides': [8, 16, 32], 'decoded': True}, {}, id='YOLOX, decoded',
        ),
        pytest.param(
            model((1, 84, 8400), size=(640, 640)), 'yolov8', {'normalized': True},
            {'color': 'rgb', 'pad_value': 114, 'resize': 'letterbox', 'std': (255, 255, 255)},
            id='YOLOv8',
        ),
        pytest.param(
            model((1, 84, 6300), image=tensor('image', 1, 3, 480, 640)), 'yolov8',
            {'normalized': True}, {'shape': (1, 3, 480, 640)}, id='YOLO11, channels first',
        ),
        pytest.param(
            model(*NANODET), 'gfl', {'strides': [8, 16, 32], 'bins': 11, 'scores': 'logits'},
            {'color': 'bgr', 'resize': 'letterbox', 'mean': (103.53, 116.28, 123.675)},
            id='NanoDet-g, maps',
        ),
        pytest.param(
            model((1, 3549, 112), operators=['LOGISTIC']), 'gfl',
            {'strides': [8, 16, 32], 'bins': 8, 'scores': 'probabilities', 'cell_offset': 0.5},
            {'resize': 'letterbox'}, id='NanoDet-m',
        ),
        pytest.param(
            model((1, 3598, 112), operators=['LOGISTIC']), 'gfl',
            {'strides': [8, 16, 32, 64], 'bins': 8, 'scores': 'probabilities', 'cell_offset': 0},
            {'color': 'bgr', 'resize': 'stretch'}, id='NanoDet-Plus',
        ),
        pytest.param(
            model((1, 3598, 112)), 'gfl',
            {'strides': [8, 16, 32, 64], 'bins': 8, 'scores': 'logits', 'cell_offset': 0}, {},
            id='without any sigmoid, no probabilities',
        ),
        pytest.param(
            model(*PICODET, operators=['LOGISTIC']), 'gfl',
            {'strides': [8, 16, 32, 64], 'bins': 8, 'scores': 'probabilities'},
            {'color': 'rgb', 'resize': 'stretch', 'mean': (123.675, 116.28, 103.53)},
            id='PicoDet',
        ),
    ],
)
@pytest.mark.parametrize('labels', [(), COCO])
def test_published_layout_is_recognised(
    found: Inspection, head: str, options: dict[str, Any], preprocessing: dict[str, Any],
    labels: Sequence[str],
) -> None:
    suggestion = suggest(found, labels)
    manifest = suggestion.manifest
    assert (manifest.head, manifest.head_options) == (head, options)
    assert len(manifest.labels) == 80
    assert preprocessing.items() <= dataclasses.asdict(manifest.input).items()
    make_head(Manifest.from_json(manifest.to_json()))
    assert any(line.startswith('head: ') for line in suggestion.assumptions)
    assert any(line.startswith('input: ') for line in suggestion.assumptions)


def test_picodet_outputs_find_their_roles() -> None:
    assert roles(suggest(model(*PICODET)).manifest) == {
        'scores_8': 'a', 'scores_16': 'b', 'scores_32': 'c', 'scores_64': 'd',
        'boxes_8': 'e', 'boxes_16': 'f', 'boxes_32': 'g', 'boxes_64': 'h',
    }


def test_number_of_labels_tells_heads_apart() -> None:
    # One class and 8 bins, or 28 classes and objectness.
    ambiguous = model((1, 3549, 1 + 32))
    assert suggest(ambiguous, ('person',)).manifest.head == 'gfl'
    assert suggest(ambiguous, COCO[:28]).manifest.head == 'yolox'
    with pytest.raises(
        ModelError, match=r'the outputs, a \(1, 3549, 33\), could be those of yolox with 28 '
        'labels or gfl with 1 labels: choose with --head, and give the class names with --labels'
    ):
        suggest(ambiguous)


def test_head_that_is_given_is_not_guessed() -> None:
    ambiguous = model((1, 3549, 1 + 32))
    suggestion = suggest(ambiguous, head='yolox')
    assert suggestion.manifest.head == 'yolox'
    assert not any(line.startswith('head: ') for line in suggestion.assumptions)


def test_head_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match=r'a \(1, 3549, 85\), are not those of the head ssd'):
        suggest(model(YOLOX), head='ssd')
    with pytest.raises(ModelError, match=r"head: expected one of \['gfl', .*got 'detr'"):
        suggest(model(YOLOX), head='detr')


def test_labels_of_another_number_are_refused_with_the_number_that_fits() -> None:
    with pytest.raises(ModelError, match='are not those of a known head .* with 20 labels; they '
                                         'could be those of yolox with 80 labels'):
        suggest(model(YOLOX), COCO[:20])


def test_labels_in_the_file_are_used_unless_others_are_given() -> None:
    found = model((1, 6, 3549), labels=('person', 'car'))
    assert suggest(found).manifest.labels == ('person', 'car')
    assert suggest(found, ('a', 'b')).manifest.labels == ('a', 'b')
    assert not any('placeholder' in line for line in suggest(found).assumptions)


def test_placeholders_are_declared_as_such() -> None:
    suggestion = suggest(model((1, 6, 3549)))
    assert suggestion.manifest.labels == ('class_0', 'class_1')
    assert 'labels: 2 placeholders; give the names with --labels' in suggestion.assumptions


@pytest.mark.parametrize(
    ('found', 'message'),
    [
        (model((1, 300, 6)), 'not those of a known head'),
        (model((1, 1000)), 'not those of a known head'),
        (model(()), 'not those of a known head'),
        (model((1, 84, 8400)), 'not those of a known head'),  # the anchors of 640 x 640
        (model((1, 84, 3549), (1, 104, 104, 32)), 'not those of a known head'),  # with masks
        (model(NANODET[0], NANODET[0], NANODET[2]), 'not those of a known head'),
        (model(*PICODET[:-1]), 'not those of a known head'),
        (model(YOLOX, image=tensor('image', 1, 416, 416)),
         r'expected an image of \(1, height, width, 3\) as input, got \(1, 416, 416\)'),
        (model(YOLOX, image=tensor('image', 1, 416, 416, 1)), r'input\.shape: expected'),
        (model(YOLOX, image=tensor('image', 8, 416, 416, 3)), r'input\.shape: expected'),
    ],
)
def test_model_that_no_head_can_read_is_refused(found: Inspection, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        suggest(found)


def test_layout_that_the_head_refuses_is_no_suggestion() -> None:
    found = ssd_model(91)
    count = tensor('c')  # as a converter that lost its shape leaves it
    last = dataclasses.replace(
        found.operators[0], outputs=(*found.operators[0].outputs[:3], count)
    )
    with pytest.raises(ModelError, match='ssd head: expected boxes of shape'):
        suggest(dataclasses.replace(found, operators=(last,)))


def test_anchors_with_a_box_and_classes_are_no_distributions() -> None:
    with pytest.raises(ModelError, match='not those of a known head .* with 80 labels'):
        suggest(model((1, 3549, 84)), COCO)


def test_suggestion_is_a_manifest_for_the_file() -> None:
    manifest = suggest(model(YOLOX)).manifest
    assert (manifest.name, manifest.file, manifest.sha256) == (
        'some_model', 'some_model.tflite', '0' * 64
    )
    assert json.loads(manifest.to_json())['lineage'] == {'made_by': 'compress_model inspect'}
