# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""evaluate_bag: how good, how fast and how safe a detector is on your own recordings."""

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

from compressed_detector.cli import evaluate_display, evaluate_outputs, evaluate_runs
from compressed_detector.cli.evaluate_arguments import build_parser, criteria_of, mounting_of
from compressed_detector.cli.progress import open_progress
from compressed_detector.errors import CompressedDetectorError
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.evaluate import Evaluation, evaluate
from compressed_detector.evaluation.metrics_file import to_json
from compressed_detector.evaluation.scene import Scene

WIDTH = 140  # of tables where there is no terminal


def main(argv: Sequence[str] | None = None) -> int:
    """Run evaluate_bag; return the exit code: 0, 1 if a condition failed, 2 for an error."""
    arguments = build_parser().parse_args(argv)
    try:
        return _run(arguments)
    except CompressedDetectorError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        return 130


def _run(arguments: argparse.Namespace) -> int:
    criteria, mounting = criteria_of(arguments), mounting_of(arguments)
    models = evaluate_runs.find_models(arguments.models)
    scenes = evaluate_runs.open_scenes(
        arguments.sources, arguments.topics, arguments.ground_truth, mounting)
    evaluate_outputs.prepare(
        arguments.output, [model.name for model in models], arguments.force)
    runner = evaluate_runs.offline(
        arguments.num_threads, evaluate_runs.settings_for(criteria.score_threshold))
    found = {}
    with open_progress() as progress:
        for model in models:
            found[model.name] = said = evaluate_runs.run_model(
                runner, model, scenes, mounting, progress)
            evaluate_outputs.write_model(arguments.output, model.name, said.recordings, said.runs,
                                         criteria.score_threshold)
        evaluation = evaluate(
            {name: said.recordings for name, said in found.items()},
            {name: said.labels for name, said in found.items()},
            {name: said.usage for name, said in found.items()},
            criteria, arguments.classes, arguments.samples, arguments.seed, progress,
        )
    _report(arguments, criteria, scenes, evaluation)
    return 0


def _report(
    arguments: argparse.Namespace, criteria: Criteria, scenes: Mapping[str, Scene],
    evaluation: Evaluation,
) -> None:
    path = evaluate_outputs.write_metrics(arguments.output, to_json(
        evaluation, criteria, arguments.samples, arguments.seed, _facts(arguments, scenes)))
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(f'classes: {", ".join(evaluation.classes)}')
    if evaluation.left_out:
        console.print(f'left out, because not all models know them: '
                      f'{", ".join(evaluation.left_out)}')
    console.print(evaluate_display.figures_table(evaluation))
    for comparison in evaluation.comparisons:
        console.print(evaluate_display.comparison_table(comparison))
    console.print(f'[95 % intervals] from {evaluation.intervals_over}', markup=False)
    console.print(f'wrote {path}')


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


if __name__ == '__main__':
    sys.exit(main())
