# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of the hand-drawn truth."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

ROOT = Path(__file__).parents[2]
BAG = ROOT / 'test' / 'data' / 'pedestrians'
TRUTH = BAG / 'ground_truth.json'
GREEN, ORANGE, PINK = (0, 255, 0), (0, 165, 255), (255, 0, 255)


@pytest.fixture(scope='module')
def draw() -> Callable[..., int]:
    spec = importlib.util.spec_from_file_location('tool', ROOT / 'tools' / 'draw_ground_truth.py')
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return lambda *arguments: tool.main([str(argument) for argument in arguments])


def load(path: Path) -> npt.NDArray[np.uint8]:
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture, dtype=np.uint8)


def write_truth(path: Path, **changes: Any) -> Path:
    """Write the committed truth with some of its keys changed."""
    path.write_text(json.dumps({**json.loads(TRUTH.read_text()), **changes}))
    return path


def test_box_lines_lie_on_the_outermost_pixels_of_the_box(
    draw: Callable[..., int], tmp_path: Path
) -> None:
    boxes = [
        {'image_id': 1, 'bbox': [100, 200, 50, 80], 'iscrowd': 0, 'occluded': 0},
        {'image_id': 1, 'bbox': [300, 200, 50, 80], 'iscrowd': 0, 'occluded': 0.3},
        {'image_id': 1, 'bbox': [500, 200, 50, 80], 'iscrowd': 1},
    ]
    truth = write_truth(tmp_path / 'truth.json', annotations=boxes)
    output = tmp_path / 'out' / 'picture.png'
    assert draw(BAG, truth, '--output', output, '--frames', 0) == 0
    picture = load(output)
    assert picture.shape == (576, 768, 3)
    for left, colour in ((100, GREEN), (300, ORANGE), (500, PINK)):
        for x, y in ((left, 200), (left + 49, 279), (left + 49, 200), (left, 279)):
            assert tuple(picture[y, x]) == colour
        assert tuple(picture[240, left - 1]) != colour
        assert tuple(picture[240, left + 50]) != colour


def test_default_is_a_square_of_four_frames(draw: Callable[..., int], tmp_path: Path) -> None:
    output = tmp_path / 'picture.jpg'
    assert draw(BAG, TRUTH, '--output', output) == 0
    assert load(output).shape == (2 * 576, 2 * 768, 3)


def test_committed_picture_shows_the_committed_truth(
    draw: Callable[..., int], tmp_path: Path
) -> None:
    committed, output = BAG / 'ground_truth.jpg', tmp_path / 'picture.jpg'
    assert committed.stat().st_size < 500_000
    assert draw(BAG, TRUTH, '--output', output, '--frames', 6, 12, 48, 66) == 0
    difference = np.abs(load(output).astype(int) - load(committed))
    # The captions' font is another in OpenCV 5.
    difference[:30], difference[576:606] = 0, 0
    # JPEG libraries differ by a few grey levels; a moved line differs by a hundred.
    assert difference.max() < 80


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--frames', 7], 'frame 7 is not annotated'),
        (['--output', 'picture.gif'], "has to end in one of ['.png', '.jpg']"),
    ],
)
def test_bad_arguments_are_explained(
    draw: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    arguments: list[Any], message: str,
) -> None:
    assert draw(BAG, TRUTH, '--output', tmp_path / 'picture.png', *arguments) == 2
    assert message in capsys.readouterr().err


def test_truth_of_another_bag_is_refused(
    draw: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [{'id': 1, 'stamp_ns': 12345, 'bag_index': 0}]
    truth = write_truth(tmp_path / 'truth.json', images=images)
    assert draw(BAG, truth, '--output', tmp_path / 'picture.png') == 2
    assert 'with stamp 12345 ns' in capsys.readouterr().err


def test_a_folder_without_a_bag_is_refused(
    draw: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(tmp_path, TRUTH, '--output', tmp_path / 'picture.png') == 2
    assert 'cannot be read as a rosbag2' in capsys.readouterr().err


@pytest.mark.parametrize('text', ['{', '[]', '{"images": [], "annotations": []}'])
def test_a_file_that_is_no_truth_is_refused(
    draw: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    truth = tmp_path / 'truth.json'
    truth.write_text(text)
    assert draw(BAG, truth, '--output', tmp_path / 'picture.png') == 2
    assert f'error: {truth} ' in capsys.readouterr().err
