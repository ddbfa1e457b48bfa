# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One call of evaluate_bag, from its arguments to its exit code."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from compressed_detector.cli import (
    evaluate_display,
    evaluate_film,
    evaluate_live,
    evaluate_outputs,
    evaluate_report,
    evaluate_runs,
)
from compressed_detector.cli.evaluate_arguments import criteria_of, mounting_of
from compressed_detector.cli.evaluate_gate import open_gate
from compressed_detector.cli.progress import open_progress
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.evaluate import Evaluation, evaluate
from compressed_detector.evaluation.metrics_file import to_json
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.scene import Scene

WIDTH = 140  # of tables where there is no terminal


def run(arguments: argparse.Namespace) -> int:
    """Do it; raises CompressedDetectorError."""
    criteria = criteria_of(arguments)
    gate = open_gate(arguments.fail_if, arguments.baseline, criteria)
    models = evaluate_runs.find_models(arguments.models)
    scenes = evaluate_runs.open_scenes(
        arguments.sources, arguments.topics, arguments.ground_truth, mounting_of(arguments))
    if arguments.video:
        evaluate_film.check(scenes)
    runner = _runner(arguments, criteria, scenes)
    evaluate_outputs.prepare(
        arguments.output, [model.name for model in models], arguments.force)
    found, evaluation = _evaluate(arguments, criteria, models, scenes, runner)
    _report(arguments, criteria, scenes, found, evaluation)
    failures = gate.failures(evaluation)
    for failure in failures:
        print(f'failed: {failure}', file=sys.stderr)
    return 1 if failures else 0


def _runner(
    arguments: argparse.Namespace, criteria: Criteria, scenes: Mapping[str, Scene]
) -> evaluate_runs.Runner:
    if not arguments.live:
        return evaluate_runs.offline(arguments.num_threads, criteria.score_threshold)
    evaluate_live.check(scenes)
    everything = evaluate_runs.settings_for(criteria.score_threshold)
    return evaluate_live.live(arguments, everything.score_threshold)


def _evaluate(
    arguments: argparse.Namespace, criteria: Criteria, models: Sequence[evaluate_runs.Model],
    scenes: Mapping[str, Scene], runner: evaluate_runs.Runner,
) -> tuple[dict[str, list[Recording]], Evaluation]:
    """Return what each model said, in the classes that are evaluated, and what that is worth."""
    found = {}
    with open_progress() as progress:
        for model in models:
            found[model.name] = said = evaluate_runs.run_model(
                runner, model, scenes, mounting_of(arguments), progress)
            evaluate_outputs.write_model(arguments.output, model.name, said.recordings, said.runs,
                                         criteria.score_threshold)
        evaluation = evaluate(
            {name: said.recordings for name, said in found.items()},
            {name: said.labels for name, said in found.items()},
            {name: said.usage for name, said in found.items()},
            criteria, arguments.classes, arguments.samples, arguments.seed, progress,
        )
    return {
        name: [item.restricted_to(evaluation.classes) for item in said.recordings]
        for name, said in found.items()
    }, evaluation


def _report(
    arguments: argparse.Namespace, criteria: Criteria, scenes: Mapping[str, Scene],
    found: Mapping[str, Sequence[Recording]], evaluation: Evaluation,
) -> None:
    facts = _facts(arguments, scenes)
    metrics = evaluate_outputs.write_metrics(arguments.output, to_json(
        evaluation, criteria, arguments.samples, arguments.seed, facts))
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(f'classes: {", ".join(evaluation.classes)}')
    if evaluation.left_out:
        console.print(f'left out, because not all models know them: '
                      f'{", ".join(evaluation.left_out)}')
    console.print(evaluate_display.table(evaluate_display.figure_rows(evaluation)))
    for comparison in evaluation.comparisons:
        console.print(evaluate_display.table(
            evaluate_display.comparison_rows(comparison),
            evaluate_display.comparison_title(comparison)))
    console.print(f'[95 % intervals] from {evaluation.intervals_over}', markup=False)
    console.print(f'wrote {metrics}')
    films = _films(arguments, criteria, scenes, found)
    page = evaluate_outputs.write_report(arguments.output, evaluate_report.page(
        scenes, found, evaluation, criteria, facts, films))
    console.print(f'look at {page}')


def _films(
    arguments: argparse.Namespace, criteria: Criteria, scenes: Mapping[str, Scene],
    found: Mapping[str, Sequence[Recording]],
) -> list[str]:
    if not arguments.video:
        return []
    with open_progress() as progress:
        return evaluate_film.write_films(arguments.output, scenes, found, criteria, progress)


def _facts(arguments: argparse.Namespace, scenes: Mapping[str, Scene]) -> dict[str, Any]:
    return {
        'mode': 'live' if arguments.live else 'offline',
        'sources': [
            {'name': name, 'path': str(path), 'cameras': scene.source.cameras,
             'ground_truth': sorted(scene.truths)}
            for path, (name, scene) in zip(arguments.sources, scenes.items())
        ],
        'num_threads': arguments.num_threads,
        'mounting': {'height_m': arguments.camera_height, 'pitch_rad': arguments.camera_pitch,
                     'roll_rad': arguments.camera_roll} if arguments.camera_height else None,
        'machine': {
            'processor': platform.machine(), 'cpus': os.cpu_count(),
            'python': platform.python_version(), 'numpy': np.__version__,
            'opencv': cv2.__version__,
        },
    }
