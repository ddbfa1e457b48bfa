# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model inspect: facts, a suggestion that is marked as one, and what it writes."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from compressed_detector.cli import inspect_model
from compressed_detector.config import DetectionSettings
from compressed_detector.detection.detector import Detector
from compressed_detector.errors import CompressedDetectorError

DATA = Path(__file__).parents[1] / 'data'


def command(*arguments: str | Path) -> None:
    parser = argparse.ArgumentParser(prog='compress_model')
    inspect_model.add_parser(parser.add_subparsers(required=True))
    parsed = parser.parse_args(['inspect', *map(str, arguments)])
    parsed.run(parsed)


@pytest.fixture
def yolov8(tmp_path: Path) -> Path:
    return Path(shutil.copy(DATA / 'tiny_heads' / 'tiny_yolov8_int8.tflite', tmp_path))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / 'my labels.txt'
    path.write_text('person\ncar\ndog\n', encoding='utf-8')
    return path


def test_facts_are_printed(yolov8: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command(yolov8)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('tiny_yolov8_int8.tflite: 7232 bytes, sha256 105f9c4399b86ecd67190')
    assert lines[1].split(maxsplit=2) == [
        'input', 'serving_default_image:0',
        'int8 (1, 64, 64, 3)  real = 0.00392157 x (stored +128)',
    ]
    assert lines[2].startswith('output  PartitionedCall:0        int8 (1, 7, 84)  real = ')
    assert lines[3].startswith('16 operators: 3 AVERAGE_POOL_2D, 3 CONV_2D, ')
    assert lines[4] == 'labels in the file: none'


def test_suggestion_is_marked_and_ends_with_the_command_that_confirms_it(
    yolov8: Path, labels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command(yolov8, '--labels', labels)
    text = capsys.readouterr().out
    assert 'ASSUMED, not in the file; confirm:' in text
    assert '  - head: yolov8, as the shape is (1, 4 + 3 classes, anchors)' in text
    assert not yolov8.with_suffix('.json').exists()
    program, name, *rest = shlex.split(text.splitlines()[-1])
    assert (program, name) == ('compress_model', 'inspect')
    command(*rest)
    assert yolov8.with_suffix('.json').is_file()


def test_written_manifest_runs_the_model(yolov8: Path, labels: Path) -> None:
    command(yolov8, '--labels', labels, '--head', 'yolov8', '--write')
    detector = Detector.load(yolov8.with_suffix('.json'), num_threads=1)
    image = np.zeros((64, 64, 3), np.uint8)
    image[16:24, 24:32, 2] = 255
    found = detector.detect(image, DetectionSettings())
    assert [detector.labels[class_id] for class_id in found.class_ids] == ['person']


def test_manifest_that_exists_is_replaced_only_by_force(yolov8: Path, labels: Path) -> None:
    manifest = yolov8.with_suffix('.json')
    manifest.write_text('mine')
    arguments = [yolov8, '--labels', labels, '--head', 'yolov8', '--write']
    with pytest.raises(CompressedDetectorError, match=r'got existing .*tiny_yolov8_int8\.json'):
        command(*arguments)
    assert manifest.read_text() == 'mine'
    command(*arguments, '--force')
    assert json.loads(manifest.read_text())['labels'] == ['person', 'car', 'dog']


def test_nothing_is_written_on_a_guess(yolov8: Path, labels: Path) -> None:
    with pytest.raises(CompressedDetectorError, match='expected --head .* is --head yolov8'):
        command(yolov8, '--labels', labels, '--write')
    with pytest.raises(CompressedDetectorError, match='--labels FILE with 3 class names'):
        command(yolov8, '--head', 'yolov8', '--write')
    assert not yolov8.with_suffix('.json').exists()


def test_labels_in_the_file_are_enough(
    yolov8: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(yolov8, 'a') as archive:
        archive.writestr('metadata.json', json.dumps({'names': {0: 'a', 1: 'b', 2: 'c'}}))
    command(yolov8, '--head', 'yolov8', '--write')
    assert 'labels in the file: 3 (a, b, c)' in capsys.readouterr().out
    # The runtime opens a model with an archive behind it.
    assert Detector.load(yolov8.with_suffix('.json'), num_threads=1).labels == ('a', 'b', 'c')


def test_model_without_a_known_head_is_described_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = shutil.copy(DATA / 'tiny_gfl' / 'lookup.tflite', tmp_path)
    command(model)
    text = capsys.readouterr().out
    assert 'input   serving_default_image:0' in text
    assert 'No manifest to suggest: ' in text
    with pytest.raises(CompressedDetectorError, match='known head'):
        command(model, '--write')


def test_wrong_number_of_labels_is_said(
    yolov8: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'two.txt').write_text('a\nb\n')
    command(yolov8, '--labels', tmp_path / 'two.txt')
    assert 'with 2 labels; they could be those of yolov8 with 3' in capsys.readouterr().out


def test_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'x.tflite').write_bytes(b'no model at all')
    with pytest.raises(CompressedDetectorError, match=r'expected a \.tflite file'):
        command(tmp_path / 'x.tflite')
