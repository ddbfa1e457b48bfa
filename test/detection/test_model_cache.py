# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""An archive is a model: found, expanded into a cache once, and never read from it unchecked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import tiny_archives

from compressed_detector.compression.archiving import pack
from compressed_detector.detection import bundle as bundle_module
from compressed_detector.detection.archive import Archive
from compressed_detector.detection.bundle import Bundle, find_manifest
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.model_cache import cache_folder
from compressed_detector.errors import ModelError

MODEL = tiny_archives.with_kernel(tiny_archives.pruned_kernel())
CONTENT = pack(MODEL)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'cache' / 'compressed_detector' / MODEL.manifest.sha256 / MODEL.manifest.file


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / 'models' / 'small' / 'small.dcz'
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def expansions(monkeypatch: pytest.MonkeyPatch) -> list[Archive]:
    seen: list[Archive] = []
    real = Archive.expand

    def expand(archive: Archive) -> bytes:
        seen.append(archive)
        return real(archive)

    monkeypatch.setattr(Archive, 'expand', expand)
    return seen


def test_archive_runs_like_the_model_it_was_made_of(archive: Path, cache: Path) -> None:
    assert Detector.load(archive, num_threads=1).manifest == MODEL.manifest
    assert Bundle.load(archive).model == MODEL.model


def test_it_is_expanded_once(archive: Path, cache: Path, expansions: list[Archive]) -> None:
    for _ in range(3):
        assert Bundle.load(archive).model == MODEL.model
    assert len(expansions) == 1
    assert cache.read_bytes() == MODEL.model
    assert os.listdir(cache.parent) == [MODEL.manifest.file]  # and nothing unfinished


@pytest.mark.parametrize('content', [b'', MODEL.model[:-1], bytes(len(MODEL.model))])
def test_damaged_file_in_the_cache_is_replaced(
    archive: Path, cache: Path, expansions: list[Archive], content: bytes
) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_bytes(content)
    assert Bundle.load(archive).model == MODEL.model
    assert len(expansions) == 1
    assert cache.read_bytes() == MODEL.model


def test_archive_that_changed_is_not_answered_from_the_cache(archive: Path, cache: Path) -> None:
    Bundle.load(archive)
    other = tiny_archives.with_kernel(tiny_archives.shared_kernel())
    archive.write_bytes(pack(other))
    assert Bundle.load(archive).model == other.model


def test_cache_that_cannot_be_written_is_done_without(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))  # no folder, even for root
    assert Bundle.load(archive).model == MODEL.model
    monkeypatch.setenv('XDG_CACHE_HOME', '/proc')
    assert Bundle.load(archive).model == MODEL.model


def test_interrupted_write_leaves_nothing(
    archive: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', full)
    assert Bundle.load(archive).model == MODEL.model
    assert os.listdir(cache.parent) == []


def test_folder_of_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('HOME', '/home/robot')
    for value in ('', 'relative/path'):
        monkeypatch.setenv('XDG_CACHE_HOME', value)
        assert cache_folder() == Path('/home/robot/.cache/compressed_detector')
    monkeypatch.delenv('XDG_CACHE_HOME')
    assert cache_folder() == Path('/home/robot/.cache/compressed_detector')
    monkeypatch.setenv('XDG_CACHE_HOME', '/var/cache/robot')
    assert cache_folder() == Path('/var/cache/robot/compressed_detector')


def test_damaged_archive_names_its_file(archive: Path, cache: Path) -> None:
    archive.write_bytes(CONTENT[:-7])
    with pytest.raises(ModelError, match=r'small\.dcz: archive: .* copy it again'):
        Bundle.load(archive)


def test_archive_that_cannot_be_read_is_an_error(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match=r'none\.dcz: cannot read the archive: .*No such file'):
        Bundle.load(tmp_path / 'none.dcz')
    (tmp_path / 'folder.dcz').mkdir()
    with pytest.raises(ModelError, match=r'folder\.dcz: cannot read the archive: .*directory'):
        Bundle.load(tmp_path / 'folder.dcz')


def test_limit_of_a_model_holds_for_archives(
    archive: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_module, 'MAX_MODEL_BYTES', len(MODEL.model) - 1)
    with pytest.raises(ModelError, match=r'small\.dcz: archive: expected a model of at most'):
        Bundle.load(archive)
    monkeypatch.setattr(bundle_module, 'MAX_MODEL_BYTES', len(CONTENT) - 1)
    monkeypatch.setattr(Path, 'read_bytes', lambda self: pytest.fail('it was read'))
    with pytest.raises(ModelError, match=r'small\.dcz: expected at most'):
        Bundle.load(archive)


def test_archive_is_found_by_path_and_by_name(archive: Path) -> None:
    assert find_manifest(str(archive), []) == archive
    assert find_manifest('small', [archive.parents[1]]) == archive


def test_expanded_model_wins_over_its_archive(archive: Path, tmp_path: Path) -> None:
    folder, elsewhere = archive.parents[1], tmp_path / 'user'
    manifest = archive.with_suffix('.json')
    manifest.write_text('{}')
    assert find_manifest('small', [folder]) == archive  # a manifest alone is no model
    manifest.with_suffix('.tflite').write_bytes(b'')
    assert find_manifest('small', [folder]) == manifest
    (elsewhere / 'any').mkdir(parents=True)
    mine = elsewhere / 'any' / 'small.dcz'
    mine.write_bytes(CONTENT)
    assert find_manifest('small', [elsewhere, folder]) == mine


def test_archive_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r'or of an archive \(\.dcz\), got '):
        find_manifest(str(tmp_path / 'none.dcz'), [])
