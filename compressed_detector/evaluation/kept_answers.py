# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What models said about one source, as a file: a run that is interrupted goes on from there."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.evaluation.columns import Columns
from compressed_detector.evaluation.detector_run import Usage
from compressed_detector.evaluation.ground_truth import Objects
from compressed_detector.evaluation.recording import Frames, Recording, Reports

HEADER = 'header'
TABLES: Mapping[str, type[Columns]] = {'frames': Frames, 'objects': Objects, 'reports': Reports}
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Answers:
    """What one model said about one source: its labels, a recording per camera, what it took."""

    labels: tuple[str, ...]
    recordings: Sequence[Recording]
    usage: Usage


def save(path: Path, key: str, answers: Mapping[str, Answers]) -> None:
    """
    Write answers by model, in place of what was there, whole or not at all.

    ``key`` stands for all that they depend on. Raises OSError.
    """
    arrays: dict[str, Any] = {}
    models = {}
    for model, said in answers.items():
        models[model] = {
            'labels': said.labels, 'usage': dataclasses.asdict(said.usage),
            'recordings': [_header(item) for item in said.recordings],
        }
        for place, item in enumerate(said.recordings):
            for name in TABLES:
                arrays |= _arrays(f'{model}/{place}/{name}', getattr(item, name))
    arrays[HEADER] = np.array(json.dumps({'key': key, 'models': models}))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'{path.name}.{os.getpid()}')
    try:
        with unfinished.open('wb') as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: Path, key: str) -> dict[str, Answers] | None:
    """Return the answers by model; None where there are none, or others, or they are damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, EOFError,
                             zipfile.BadZipFile), np.load(path, allow_pickle=False) as arrays:
        header = json.loads(str(arrays[HEADER]))
        if header['key'] == key:
            return {model: _answers(model, said, arrays)
                    for model, said in header['models'].items()}
    return None


def _header(recording: Recording) -> dict[str, Any]:
    return {item.name: getattr(recording, item.name) for item in dataclasses.fields(recording)
            if item.name not in TABLES}


def _arrays(stem: str, table: Columns) -> dict[str, npt.NDArray[Any]]:
    return {f'{stem}/{item.name}': getattr(table, item.name)
            for item in dataclasses.fields(table)}


def _answers(model: str, said: Mapping[str, Any], arrays: Arrays) -> Answers:
    recordings = []
    for place, fields in enumerate(said['recordings']):
        tables = {name: _table(kind, f'{model}/{place}/{name}', arrays)
                  for name, kind in TABLES.items()}
        recordings.append(Recording(**{**fields, 'labels': tuple(fields['labels']), **tables}))
    return Answers(tuple(said['labels']), recordings, Usage(**said['usage']))


def _table(kind: type[Columns], stem: str, arrays: Arrays) -> Columns:
    return kind(*(arrays[f'{stem}/{item.name}'] for item in dataclasses.fields(kind)))
