# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Calibration pictures: chosen by a seed, checked, and fitted as the node fits them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from compressed_detector.compression.architectures import ARCHITECTURES
from compressed_detector.compression.calibration import (
    calibration_inputs,
    check_readable,
    choose_images,
)
from compressed_detector.compression.progress import silent
from compressed_detector.errors import CompressionError

NANODET_G = ARCHITECTURES['nanodet_g']


def write_picture(path: Path, value: int = 100, size: tuple[int, int] = (20, 40)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((*size, 3), value, np.uint8))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for index in range(10):
        write_picture(tmp_path / f'{index}.png')
    write_picture(tmp_path / 'below' / 'deep.JPG')
    (tmp_path / 'notes.txt').write_text('no picture')
    return tmp_path


def test_same_seed_chooses_the_same_and_another_seed_others(folder: Path) -> None:
    first = choose_images(folder, 5, seed=0)
    assert first == choose_images(folder, 5, seed=0)
    assert first != choose_images(folder, 5, seed=1)
    assert len(set(first)) == 5


def test_folder_with_fewer_pictures_gives_all_of_them(folder: Path) -> None:
    chosen = choose_images(folder, 100, seed=0)
    assert {path.name for path in chosen} == {*(f'{i}.png' for i in range(10)), 'deep.JPG'}


def test_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'notes.txt').write_text('no picture')
    with pytest.raises(CompressionError, match=r'expected pictures \(.bmp, .*\) in .*, got none'):
        choose_images(tmp_path, 5, seed=0)


def test_path_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match='expected a folder with pictures, got .*absent'):
        choose_images(tmp_path / 'absent', 5, seed=0)


def test_unreadable_pictures_are_named_up_to_five(tmp_path: Path) -> None:
    paths = [tmp_path / f'bad{index}.jpg' for index in range(7)]
    for path in paths:
        path.write_bytes(b'\xff\xd8\xff but no JPEG')
    good = write_picture(tmp_path / 'good.png')
    with pytest.raises(CompressionError, match='bad0.jpg, .*bad4.jpg and 2 more; remove') as error:
        check_readable([good, *paths])
    assert 'good' not in str(error.value)
    check_readable([good])


def test_inputs_are_letterboxed_and_span_all_pixel_values(tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / '0.png', 90), write_picture(tmp_path / '1.png', 91)]
    first, second = calibration_inputs(paths, NANODET_G, 64, silent)
    assert first.shape == second.shape == (1, 64, 64, 3)
    assert first.dtype == np.float32
    assert (first.min(), first.max()) == (0, 255)
    # 40x20 becomes 64x32 in the top left corner; the rest is grey.
    assert np.all(second[0, :32] == 91)
    assert np.all(second[0, 32:] == 114)


def test_every_picture_is_reported(tmp_path: Path) -> None:
    reported = []
    paths = [write_picture(tmp_path / '0.png'), write_picture(tmp_path / '1.png')]
    list(calibration_inputs(paths, NANODET_G, 64, lambda *call: reported.append(call)))
    assert reported == [('calibrating', 1, 2), ('calibrating', 2, 2)]
