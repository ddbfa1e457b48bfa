# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bags as pictures to learn from."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from camera_bags import calibration, images
from replay_bags import write_bag

from compressed_detector.cli.bag_frames import is_bag, pictures_in, write_frames
from compressed_detector.cli.compress_model import main
from compressed_detector.compression.progress import silent
from compressed_detector.errors import BagError

SAMPLE = Path(__file__).parents[1] / 'data' / 'pedestrians'
GREY = {stamp: np.full((16, 16, 3), stamp * 20, np.uint8) for stamp in range(10)}


def test_frames_are_named_as_the_ground_truth_of_the_sample_bag_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / 'frames'
    assert main(['frames', str(SAMPLE), '--output', str(folder)]) == 0
    assert 'wrote 80 pictures' in capsys.readouterr().out
    for item in json.loads((SAMPLE / 'ground_truth.json').read_text())['images']:
        assert cv2.imread(str(folder / item['file_name'])).shape == (576, 768, 3)
    assert main(['frames', str(SAMPLE), '--output', str(folder)]) == 2
    assert 'expected new files' in capsys.readouterr().err


def test_several_cameras_have_a_folder_each_and_long_bags_are_thinned(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', images('/front/image', GREY), images('/rear/image', GREY))
    folder = tmp_path / 'frames'
    write_frames(bag, folder, silent, most=4)
    names = ['000000.jpg', '000003.jpg', '000006.jpg', '000009.jpg']
    for camera in ('front', 'rear'):
        assert sorted(path.name for path in (folder / camera / 'image').iterdir()) == names
    seen = cv2.imread(str(folder / 'rear' / 'image' / '000006.jpg'))
    assert np.abs(seen.astype(int) - 120).max() <= 2


def test_a_bag_is_written_out_once_and_a_folder_not_at_all(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', images('/image', GREY))
    folder = pictures_in(bag, tmp_path / 'work', silent)
    assert folder is not None
    assert is_bag(bag)
    (folder / '000000.jpg').unlink()
    assert pictures_in(bag, tmp_path / 'work', silent) == folder
    assert not (folder / '000000.jpg').exists()
    assert pictures_in(folder, tmp_path / 'work', silent) == folder
    assert pictures_in(None, tmp_path / 'work', silent) is None


def test_a_bag_without_pictures_says_what_it_holds_and_leaves_nothing(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', calibration('/camera_info', 1, (16, 16), 10.0))
    with pytest.raises(BagError, match='expected a topic with images, .*holds /camera_info'):
        pictures_in(bag, tmp_path / 'work', silent)
    assert not (tmp_path / 'work').exists()
