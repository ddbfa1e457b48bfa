# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model archive: there and back on the command line, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tiny_detector import TINY_MODELS

from compressed_detector.cli.compress_model import main


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    for name in ('tiny_gfl.json', 'tiny_gfl.tflite'):
        shutil.copy(TINY_MODELS / name, tmp_path)
    return tmp_path / 'tiny_gfl.json'


def test_model_is_archived_and_expanded(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['archive', str(manifest)]) == 0
    archive = manifest.with_suffix('.dcz')
    printed = capsys.readouterr().out
    assert f'archive                    {archive.stat().st_size} bytes, ' in printed
    assert printed.endswith(f'wrote {archive}\n')
    assert main(['archive', str(archive), '--expand', '--output', str(tmp_path / 'there')]) == 0
    for name in ('tiny_gfl.tflite', 'tiny_gfl.json'):
        assert (tmp_path / 'there' / name).read_bytes() == (TINY_MODELS / name).read_bytes()


def test_archive_is_described(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(['archive', str(manifest)])
    packed = capsys.readouterr().out
    assert main(['archive', str(manifest.with_suffix('.dcz'))]) == 0
    assert packed.startswith(capsys.readouterr().out.rstrip('\n'))
    assert 'skeleton' in packed
    assert 'paper accounting' in packed


def test_existing_files_are_replaced_only_if_asked(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = manifest.with_suffix('.dcz')
    archive.write_bytes(b'precious')
    assert main(['archive', str(manifest)]) == 2
    assert archive.read_bytes() == b'precious'
    assert main(['archive', str(manifest), '--force']) == 0
    assert main(['archive', str(archive), '--expand']) == 2
    assert main(['archive', str(archive), '--expand', '--force']) == 0
    assert capsys.readouterr().err.count('error: expected new files, got existing') == 2


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['{0}', '--expand'], r'--expand: expected an archive (.dcz), got'),
        (['{0}', '--output', 'x.zip'], '--output: expected a name that ends in .dcz, got x.zip'),
        (['none.json'], 'No such file'),
        (['none.dcz'], 'cannot read the archive'),
        (['none.dcz', '--expand'], 'cannot read the archive'),
    ],
)
def test_wrong_use_is_an_error(
    manifest: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(['archive', *(item.format(manifest) for item in arguments)]) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ')
    assert message in error
