# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A user's own Keras detector on its way: imported, compressed by a recipe, read by the node."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from calibration_pictures import write_pictures
from keras_detectors import SIZE, save, with_normalized_head
from tiny_detector import black, detect, load, paint

from compressed_detector.cli.compress_model import main


def recipe(folder: Path, name: str, stages: list[Any], size: int = SIZE) -> Path:
    path = folder / f'{name}.yaml'
    path.write_text(yaml.safe_dump({
        'name': name, 'architecture': 'my_detector', 'weights': 'own/dense.npz',
        'input_size': size, 'stages': stages}))
    return path


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    model, description = save(tmp_path)
    output = str(tmp_path / 'own')
    assert main(['import', str(model), '--detector', str(description), '--output', output]) == 0
    return tmp_path


def test_what_is_imported_says_where_it_is_from(imported: Path) -> None:
    described = json.loads((imported / 'own' / 'dense.json').read_text())
    assert described['architecture'] == 'my_detector'
    assert described['source']['license'] == 'MIT'
    assert described['network']['size_multiple'] == 16


def test_every_kind_of_stage_takes_it_and_the_detector_reads_it(imported: Path) -> None:
    pictures = imported / 'pictures'
    pictures.mkdir()
    write_pictures(pictures, 24)
    name = 'my_detector_96_ch80_prune40_share5_kd1_wi8_ai8'
    path = recipe(imported, name, [
        {'prune_channels': {'percent': 80, 'calibration_images': 8}},
        {'prune': {'removed_percent': 40, 'method': 'obs', 'calibration_images': 8}},
        {'share': {'bits': 5}}, {'distill': {'epochs': 1, 'batch_size': 4}},
        {'quantize': {'calibration_images': 8}},
    ], size=96)
    output = imported / 'built'
    assert main(['build', str(path), '--images', str(pictures), '--output', str(output),
                 '--work', str(imported / 'work')]) == 0
    built = load(output / f'{name}.json')
    assert built.labels == ('person', 'car')
    found = detect(built, paint(black(96, 96), (8, 8, 40, 40), 2), score_threshold=0.01)
    assert np.isfinite(found.boxes_xyxy).all()
    metrics = json.loads((output / f'{name}.metrics.json').read_text())
    assert [stage['stage'] for stage in metrics['stages']][0] == 'dense'


def test_it_can_keep_one_of_its_classes(imported: Path) -> None:
    path = recipe(imported, 'my_detector_64_fp32', [])
    assert main(['build', str(path), '--classes', 'car', '--output', str(imported / 'b'),
                 '--work', str(imported / 'work')]) == 0
    assert load(imported / 'b' / 'my_detector_64_only-car_fp32.json').labels == ('car',)


@pytest.mark.parametrize(('changes', 'message'), [
    ({'name': 'nanodet_g'}, 'name: expected a new name'),
    ({'name': 'mine_2'}, 'name: expected a new name'),
    ({'license': None}, "missing keys ['license']; a description is like"),
    ({'colour': 'rgb'}, "unknown key 'colour', known: name, license"),
    ({'labels': 'person'}, "labels: expected list, got 'person'"),
    ({'labels': ['person']}, 'description: gfl head'),
    ({'head': 'fcos'}, 'head: expected one of'),
    ({'head_options': {'strides': [8, 16], 'bin': 4}}, 'description: '),
    ({'color': 'gray'}, 'expected bgr or rgb'),
    ({'features': ['neck']}, "features: expected names of layers, got ['neck']"),
    ({'outputs': {'stride_8': 'head'}}, "outputs: expected names of layers, got ['head']"),
])
def test_a_wrong_description_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model, description = save(tmp_path, **changes)
    assert main(['import', str(model), '--detector', str(description),
                 '--output', str(tmp_path / 'own')]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'own').exists()


def test_results_before_their_activation_are_noticed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, description = save(tmp_path, with_normalized_head(),
                             outputs={'stride_8': 'head_8', 'stride_16': 'last'})
    assert main(['import', str(path), '--detector', str(description),
                 '--output', str(tmp_path / 'own')]) == 2
    assert 'before their normalization or activation' in capsys.readouterr().err


def test_a_keras_model_without_a_description_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['import', str(tmp_path / 'mine.keras')]) == 2
    assert '--detector: expected FILE' in capsys.readouterr().err


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 damaged', b'\x89HDF\r\n\x1a\n'])
def test_a_damaged_model_is_refused(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    model, description = save(tmp_path)
    model.write_bytes(content)
    assert main(['import', str(model), '--detector', str(description),
                 '--output', str(tmp_path / 'own')]) == 2
    assert 'expected a Keras model of layers that Keras knows' in capsys.readouterr().err
