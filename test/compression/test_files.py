# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Files appear together and whole, and replace nothing unless asked."""

from pathlib import Path

import pytest

from compressed_detector.compression import files
from compressed_detector.errors import CompressionError


def test_files_are_written_into_a_new_folder_and_nothing_else_stays(tmp_path: Path) -> None:
    files.write_together(tmp_path / 'new' / 'folder', {'b': b'1', 'a': b'2'}, force=False)
    folder = tmp_path / 'new' / 'folder'
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {'a': b'2', 'b': b'1'}


def test_existing_file_is_kept_and_none_of_the_others_written(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'old')
    with pytest.raises(CompressionError, match='expected new files, got existing .*a; .*--force'):
        files.write_together(tmp_path, {'b': b'1', 'a': b'2'}, force=False)
    assert (tmp_path / 'a').read_bytes() == b'old'
    assert not (tmp_path / 'b').exists()


def test_force_replaces(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'old')
    files.write_together(tmp_path, {'a': b'new'}, force=True)
    assert (tmp_path / 'a').read_bytes() == b'new'


def test_failure_leaves_the_old_files_as_they_were(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'old')
    with pytest.raises(CompressionError, match='cannot write into'):
        files.write_together(tmp_path, {'a': b'new', 'no/such': b''}, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ['a']
    assert (tmp_path / 'a').read_bytes() == b'old'


def test_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'file').write_bytes(b'')
    with pytest.raises(CompressionError, match='cannot write into .*file'):
        files.write_together(tmp_path / 'file', {'a': b''}, force=True)
