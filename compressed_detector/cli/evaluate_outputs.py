# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The files that evaluate_bag leaves: for machines, for other tools, for RViz and Foxglove."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.coco_files import report_rows, truth_dataset
from compressed_detector.evaluation.detection_messages import serialized
from compressed_detector.evaluation.recording import Recording
from compressed_detector.ros.detection_bag import write_detections

METRICS, REPORT, TRUTH_FOLDER = 'metrics.json', 'report.html', 'ground_truth'
# What was done before all was done.
KEPT = '.partial'


def prepare(output: Path, models: Sequence[str], force: bool) -> None:
    """Make the folder, and refuse what is in the way; raises EvaluationError."""
    existing = _existing(output, models)
    if existing and not force:
        raise EvaluationError(f'{existing[0]}: exists already; choose another --output, or '
                              'replace it with --force')
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(f'--output: cannot write {output}: {error.strerror}') from error


def clear(output: Path, models: Sequence[str]) -> None:
    """Remove what is in the way; raises EvaluationError."""
    _remove(output, _existing(output, models))


def forget_partial(output: Path) -> None:
    """Remove what was done before all was done; raises EvaluationError."""
    _remove(output, [output / KEPT])


def write_model(
    output: Path, model: str, recordings: Sequence[Recording], score_threshold: float,
) -> None:
    """
    Write what one model reported on every recording.

    MODEL/SOURCE.json are COCO results with all scores; MODEL/SOURCE is a rosbag2 with what
    reaches the threshold, for recordings that are bags. Where a source has several cameras, the
    name of each follows.
    """
    several = sources_with_several(recordings)
    for recording in recordings:
        name = file_name(recording.source, recording.camera, recording.source in several)
        _write(output / model / f'{name}.json', _lines(report_rows(recording)))
        truth = output / TRUTH_FOLDER / f'{name}.json'
        if recording.frames.annotated.any() and not truth.exists():
            _write(truth, [json.dumps(truth_dataset(recording), allow_nan=False)])
    for source in dict.fromkeys(item.source for item in recordings):
        of_source = [item for item in recordings if item.source == source]
        if all(item.camera.startswith('/') for item in of_source):
            write_detections(output / model / source, {
                detections_topic(item.camera, source in several):
                    serialized(item, score_threshold) for item in of_source
            })


def write_metrics(output: Path, content: Mapping[str, Any]) -> Path:
    """Write metrics.json and return its path."""
    path = output / METRICS
    _write(path, [json.dumps(content, indent=2, allow_nan=False), '\n'])
    return path


def write_report(output: Path, page: str) -> Path:
    """Write report.html and return its path."""
    path = output / REPORT
    _write(path, [page])
    return path


def file_name(source: str, camera: str, several: bool) -> str:
    """Return what the files of a camera are called by."""
    return f'{source}_{_slug(camera)}' if several else source


def detections_topic(camera: str, several: bool) -> str:
    """Return the topic of the detections of an image topic."""
    return f'/detector/{_slug(camera)}/detections' if several else '/detector/detections'


def sources_with_several(recordings: Sequence[Recording]) -> set[str]:
    """Return the sources that have several cameras."""
    names = [item.source for item in recordings]
    return {name for name in names if names.count(name) > 1}


def _existing(output: Path, models: Sequence[str]) -> list[Path]:
    mine = [output / name for name in (METRICS, REPORT, TRUTH_FOLDER, *models)]
    return [path for path in mine if path.exists()]


def _remove(output: Path, paths: Iterable[Path]) -> None:
    try:
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise EvaluationError(f'--output: cannot write {output}: {error.strerror}') from error


def _slug(camera: str) -> str:
    return camera.removesuffix('/compressed').strip('/').replace('/', '_')


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a JSON list, a row per line: there may be millions, and memory is not for them."""
    encode = json.JSONEncoder(allow_nan=False).encode
    start = '[\n'
    for row in rows:
        yield start + encode(row)
        start = ',\n'
    yield '\n]\n' if start.startswith(',') else '[]\n'


def _write(path: Path, parts: Iterable[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open('w', encoding='utf-8') as file:
            file.writelines(parts)
    except OSError as error:
        raise EvaluationError(f'--output: cannot write {path}: {error.strerror}') from error
