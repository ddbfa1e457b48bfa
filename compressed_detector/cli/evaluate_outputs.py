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
from compressed_detector.evaluation.detection_messages import serialized_runs
from compressed_detector.evaluation.detector_run import CameraRun
from compressed_detector.evaluation.recording import Recording
from compressed_detector.ros.detection_bag import write_detections

METRICS, REPORT, TRUTH_FOLDER = 'metrics.json', 'report.html', 'ground_truth'


def prepare(output: Path, models: Sequence[str], force: bool) -> None:
    """Make the folder, and refuse or remove what is in the way; raises EvaluationError."""
    mine = [output / METRICS, *(output / name for name in (REPORT, TRUTH_FOLDER, *models))]
    existing = [path for path in mine if path.exists()]
    if existing and not force:
        raise EvaluationError(f'{existing[0]}: exists already; choose another --output, or '
                              'replace it with --force')
    try:
        for path in existing:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(f'--output: cannot write {output}: {error.strerror}') from error


def write_model(
    output: Path, model: str, recordings: Sequence[Recording], runs: Sequence[CameraRun],
    score_threshold: float,
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
    for source in dict.fromkeys(run.source for run in runs):
        of_source = [run for run in runs if run.source == source]
        if all(run.camera.startswith('/') for run in of_source):
            write_detections(output / model / source, {
                detections_topic(run.camera, source in several):
                    serialized_runs(run, score_threshold) for run in of_source
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


def _slug(camera: str) -> str:
    return camera.removesuffix('/compressed').strip('/').replace('/', '_')


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a JSON list, a row per line: there may be millions, and memory is not for them."""
    start = '[\n'
    for row in rows:
        yield start + json.dumps(row, allow_nan=False)
        start = ',\n'
    yield '\n]\n' if start.startswith(',') else '[]\n'


def _write(path: Path, parts: Iterable[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open('w', encoding='utf-8') as file:
            file.writelines(parts)
    except OSError as error:
        raise EvaluationError(f'--output: cannot write {path}: {error.strerror}') from error
