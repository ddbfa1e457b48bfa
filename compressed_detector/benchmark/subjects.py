# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The models to be measured: ours with a manifest and figures, and anybody's .tflite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compressed_detector.detection.bundle import Bundle, find_manifest, read_model
from compressed_detector.detection.manifest import Manifest
from compressed_detector.errors import BenchmarkError
from compressed_detector.resources import model_folders

TFLITE = '.tflite'


@dataclass(frozen=True, eq=False)
class Subject:
    """A model at a path; ``metrics`` is what its build measured, or empty."""

    name: str
    path: Path
    model: bytes
    manifest: Manifest | None
    metrics: Mapping[str, Any]


def find(names: Sequence[str]) -> list[Subject]:
    """
    Return the models that are meant: installed ones, manifests, archives and .tflite files.

    Raises ModelError for what is none, and BenchmarkError when two have one name.
    """
    subjects = [_subject(name) for name in names]
    known = [subject.name for subject in subjects]
    if repeated := sorted({name for name in known if known.count(name) > 1}):
        raise BenchmarkError(f'expected models of different names, got {repeated} more than '
                             'once; copy or rename one')
    return subjects


def read(path: Path) -> bytes:
    """Return the .tflite file at a path, that of a manifest, or that in an archive; ModelError."""
    return read_model(path) if path.suffix == TFLITE else Bundle.load(path).model


def _subject(name: str) -> Subject:
    if name.endswith(TFLITE):
        path = Path(name).expanduser()
        return Subject(path.stem, path, read_model(path), None, {})
    path = find_manifest(name, model_folders())
    bundle = Bundle.load(path)
    return Subject(path.stem, path, bundle.model, bundle.manifest, _metrics(path))


def _metrics(path: Path) -> Mapping[str, Any]:
    beside = path.with_name(f'{path.stem}.metrics.json')
    if not beside.is_file():
        return {}
    try:
        metrics: Mapping[str, Any] = dict(json.loads(beside.read_text(encoding='utf-8')))
    except (OSError, ValueError, TypeError) as error:
        raise BenchmarkError(f'{beside}: expected the figures of a build, JSON: {error}') from (
            error)
    return metrics
