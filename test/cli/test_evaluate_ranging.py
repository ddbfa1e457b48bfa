# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The command that compares ranges with KITTI's distances."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import pytest
from kitti_folder import make_folder

from compressed_detector.cli.evaluate_ranging import main
from compressed_detector.evaluation.kitti_numbers import read_numbers

NUMBERS = Path(__file__).parents[1] / 'data' / 'kitti_ranges.json'


def test_command_prints_the_errors_and_writes_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(NUMBERS), '--output', str(tmp_path / 'out')]) == 0
    printed = capsys.readouterr().out
    line = next(row for row in printed.splitlines() if 'car, near face' in row and '3-30' in row)
    assert line.split()[-6:] == ['39', '-1.3%', '4.1%', '21.1%', '44%', '97%']
    assert cv2.imread(str(tmp_path / 'out' / 'ranges_labels.png')) is not None


def test_command_exports_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_folder(tmp_path / 'kitti')
    assert main([str(folder), '--export', str(tmp_path / 'numbers.json')]) == 0
    assert len(read_numbers(tmp_path / 'numbers.json')) == 3


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['{empty}'], r'got no label_2/\*.txt'),
        (['{text}'], r'expected numbers that evaluate_ranging --export wrote'),
        (['{numbers}', '--model', 'nanodet'], '--model: expected a KITTI folder with pictures'),
        (['{folder}', '--model', 'no_such'], 'error: model: expected the path of a manifest'),
        (['{numbers}', '--export', '{empty}'], 'error: .*cannot write'),
        (['{numbers}', '--output', '{text}'], 'error: .*cannot write'),
    ],
)
def test_command_says_what_is_wrong_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'text').write_text('no numbers', encoding='utf-8')
    places = {
        'empty': tmp_path / 'empty', 'text': tmp_path / 'text', 'numbers': NUMBERS,
        'folder': make_folder(tmp_path / 'kitti'),
    }
    assert main([argument.format(**places) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert re.search(message, error)
