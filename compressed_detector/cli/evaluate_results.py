# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What evaluate_bag shows and writes in the end: the tables, metrics.json, report.html, films."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from compressed_detector.cli import (
    evaluate_display,
    evaluate_film,
    evaluate_outputs,
    evaluate_report,
    evaluate_tables,
)
from compressed_detector.cli.progress import open_progress
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.evaluate import Evaluation
from compressed_detector.evaluation.metrics_file import to_json
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.sources import FrameSource

WIDTH = 140  # of tables where there is no terminal


@dataclass(frozen=True, eq=False)
class Results:
    """
    What came out.

    ``found``: by model, what it said, in the classes that are evaluated. ``sources``: what was
    looked at. ``paths``: of all recordings; ``failed``: why some could not be evaluated.
    """

    found: Mapping[str, Sequence[Recording]]
    evaluation: Evaluation
    sources: Mapping[str, FrameSource]
    paths: Mapping[str, Path]
    failed: Mapping[str, str]


def report(
    arguments: argparse.Namespace, criteria: Criteria, num_threads: int, results: Results
) -> None:
    """Show and write it; raises EvaluationError."""
    facts = _facts(arguments, num_threads, results)
    metrics = evaluate_outputs.write_metrics(arguments.output, to_json(
        results.evaluation, criteria, arguments.samples, arguments.seed, facts))
    _show(results.evaluation)
    print(f'wrote {metrics}')
    films = _films(arguments, criteria, results)
    page = evaluate_outputs.write_report(arguments.output, evaluate_report.page(
        results.sources, results.found, results.evaluation, criteria, facts, films))
    print(f'look at {page}')


def _show(evaluation: Evaluation) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(f'classes: {", ".join(evaluation.classes)}')
    if evaluation.left_out:
        console.print(f'left out, because not all models know them: '
                      f'{", ".join(evaluation.left_out)}')
    console.print(evaluate_display.table(evaluate_display.figure_rows(evaluation)))
    if rows := evaluate_tables.by_recording(evaluation):
        console.print(evaluate_display.table(rows, evaluate_tables.BY_RECORDING))
    for comparison in evaluation.comparisons:
        console.print(evaluate_display.table(
            evaluate_display.comparison_rows(comparison),
            evaluate_display.comparison_title(comparison)))
    console.print(f'[95 % intervals] from {evaluation.intervals_over}', markup=False)


def _films(arguments: argparse.Namespace, criteria: Criteria, results: Results) -> list[str]:
    if not arguments.video:
        return []
    with open_progress() as progress:
        return evaluate_film.write_films(
            arguments.output, results.sources, results.found, criteria, progress)


def _facts(
    arguments: argparse.Namespace, num_threads: int, results: Results
) -> dict[str, Any]:
    recordings = next(iter(results.found.values()))
    with_truth = {(item.source, item.camera) for item in recordings
                  if item.frames.annotated.any()}
    return {
        'mode': 'live' if arguments.live else 'offline',
        'sources': [
            {'name': name, 'path': str(results.paths[name]), 'cameras': source.cameras,
             'ground_truth': sorted(
                 camera for camera in source.cameras if (name, camera) in with_truth)}
            for name, source in results.sources.items()
        ],
        'failed': [{'name': name, 'path': str(results.paths[name]), 'error': words}
                   for name, words in results.failed.items()],
        'num_threads': num_threads,
        'mounting': {'height_m': arguments.camera_height, 'pitch_rad': arguments.camera_pitch,
                     'roll_rad': arguments.camera_roll} if arguments.camera_height else None,
        'machine': {
            'processor': platform.machine(), 'cpus': os.cpu_count(),
            'python': platform.python_version(), 'numpy': np.__version__,
            'opencv': cv2.__version__,
        },
    }
