# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What was kept comes back as it was, or not at all."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from recordings import HERE, THERE, Report, Thing, recording

from compressed_detector.evaluation.detector_run import Usage
from compressed_detector.evaluation.kept_answers import TABLES, Answers, load, save

FILM = recording([[Thing(), Thing(THERE, label=1, track=3, forward_m=2.5)], []],
                 [[Report(HERE, 0.1)], [Report(THERE), Report()]], frame_id='lens')
EMPTY = recording([], [], camera='/other', sequential=False)
SAID = {'small': Answers(('person',), [FILM, EMPTY], Usage(2, 0.25, 90.5, 1)),
        'none': Answers((), [], Usage(0, math.nan, 1))}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save(tmp_path / 'folder' / 'drive.npz', 'key', SAID)
    return tmp_path / 'folder' / 'drive.npz'


def test_what_was_kept_comes_back(file: Path) -> None:
    found = load(file, 'key')
    assert found is not None
    assert list(found) == ['small', 'none']
    for name, said in SAID.items():
        assert found[name].labels == said.labels
        assert repr(found[name].usage) == repr(said.usage)
        for there, item in zip(found[name].recordings, said.recordings, strict=True):
            for field in dataclasses.fields(item):
                if field.name not in TABLES:
                    assert getattr(there, field.name) == getattr(item, field.name)
                    continue
                for column in dataclasses.fields(getattr(item, field.name)):
                    np.testing.assert_array_equal(
                        *(getattr(getattr(each, field.name), column.name)
                          for each in (there, item)), strict=True)


def test_what_depends_on_something_else_is_not_there(file: Path) -> None:
    assert load(file, 'other') is None
    assert load(file.with_name('nothing.npz'), 'key') is None


@pytest.mark.parametrize('kept', [0, 1, 0.3, 0.9, 0.999])
def test_a_damaged_file_is_not_there(file: Path, kept: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:int(len(data) * kept)] if kept != 1 else data.replace(b'NUMPY', b'nu'))
    assert load(file, 'key') is None


def test_what_is_there_is_replaced_as_a_whole(file: Path) -> None:
    save(file, 'new', {'none': SAID['none']})
    assert load(file, 'key') is None
    assert list(load(file, 'new') or ()) == ['none']
    assert [path.name for path in file.parent.iterdir()] == ['drive.npz']
