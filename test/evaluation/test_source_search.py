# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Folders of recordings stand for what is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compressed_detector.evaluation.source_search import find_sources


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    for name in ('b/one/metadata.yaml', 'b/one/one.mcap', 'a/deep/two/two.db3', 'a/film.MP4',
                 'b/two/metadata.yaml', 'notes/readme.txt', '.hidden/bag/metadata.yaml',
                 'results/metrics.json', 'results/fast/one/metadata.yaml', 'pictures/x.png'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def found(*paths: Path) -> dict[str, Path]:
    return find_sources(paths, 'metrics.json')


def test_a_folder_stands_for_the_bags_and_videos_in_it(drives: Path) -> None:
    assert list(found(drives).items()) == [
        ('two', drives / 'a/deep/two'), ('film', drives / 'a/film.MP4'),
        ('one', drives / 'b/one'), ('two_2', drives / 'b/two')]


def test_a_recording_stands_for_itself(drives: Path) -> None:
    names = ['b/one', 'b/one/one.mcap', 'a/film.MP4', 'pictures', 'nowhere', 'b/one']
    assert found(*(drives / name for name in names)) == {
        'one': drives / 'b/one', 'one.mcap': drives / 'b/one/one.mcap',
        'film': drives / 'a/film.MP4', 'pictures': drives / 'pictures',
        'nowhere': drives / 'nowhere', 'one_2': drives / 'b/one'}
