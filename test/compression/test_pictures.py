# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from compressed_detector.compression.pictures import held_out_images, learning_images
from compressed_detector.errors import CompressionError


def write(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f'{number:04d}.jpg').touch()


def test_one_picture_in_ten_is_held_out_and_never_learned_from(tmp_path: Path) -> None:
    write(tmp_path, 1000)
    learned, held_out = learning_images(tmp_path), held_out_images(tmp_path)
    assert len(learned) + len(held_out) == 1000
    assert not set(learned) & set(held_out)
    assert 70 <= len(held_out) <= 130


def test_picture_stays_held_out_when_others_are_added(tmp_path: Path) -> None:
    write(tmp_path, 100)
    before = held_out_images(tmp_path)
    write(tmp_path, 300)
    assert set(before) <= set(held_out_images(tmp_path))


def test_only_picture_is_learned_from_whatever_its_name(tmp_path: Path) -> None:
    for name in (f'{number}.png' for number in range(50)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).touch()
        assert len(learning_images(folder)) == 1


def test_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(CompressionError, match='expected pictures'):
        learning_images(tmp_path)
