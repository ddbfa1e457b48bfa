# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One call of evaluate_bag, from its arguments to its exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from compressed_detector.cli import (
    evaluate_film,
    evaluate_jobs,
    evaluate_live,
    evaluate_outputs,
    evaluate_runs,
    evaluate_workers,
)
from compressed_detector.cli.evaluate_arguments import criteria_of, mounting_of
from compressed_detector.cli.evaluate_gate import open_gate
from compressed_detector.cli.evaluate_results import Results, report
from compressed_detector.cli.progress import open_progress
from compressed_detector.compression.progress import silent
from compressed_detector.errors import CompressedDetectorError
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.detector_run import together
from compressed_detector.evaluation.evaluate import Evaluation, evaluate
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.scene import open_source
from compressed_detector.evaluation.source_search import find_sources
from compressed_detector.evaluation.sources import FrameSource

SOME_FAILED = 3


def run(arguments: argparse.Namespace) -> int:
    """Do it; raises CompressedDetectorError."""
    criteria = criteria_of(arguments)
    gate = open_gate(arguments.fail_if, arguments.baseline, criteria)
    models = evaluate_runs.find_models(arguments.models)
    paths = find_sources(arguments.sources, evaluate_outputs.METRICS)
    workers = evaluate_workers.choose(arguments, len(paths))
    options = _options(arguments, criteria, workers.num_threads)
    _check(arguments, _readable(paths, options), models)
    evaluate_outputs.prepare(
        arguments.output, [model.name for model in models], arguments.force)
    done = _look(arguments, workers, [
        evaluate_jobs.Job(name, path, tuple(models), options) for name, path in paths.items()])
    found, evaluation = _evaluate(arguments, criteria, done)
    sources = {name: open_source(paths[name], options.topics, options.truths)
               for name in done.answers}
    report(arguments, criteria, workers.num_threads,
           Results(found, evaluation, sources, paths, done.failed))
    return _end(arguments.output, done.failed, gate.failures(evaluation))


def _options(
    arguments: argparse.Namespace, criteria: Criteria, num_threads: int
) -> evaluate_runs.Options:
    return evaluate_runs.Options(
        tuple(arguments.topics), tuple(arguments.ground_truth), mounting_of(arguments),
        criteria.score_threshold, num_threads, arguments.live, arguments.rate,
        arguments.params_file,
    )


def _readable(
    paths: Mapping[str, Path], options: evaluate_runs.Options
) -> dict[str, FrameSource]:
    """Return what can be opened now; raises why the first cannot be if none can."""
    sources, errors = {}, []
    for name, path in paths.items():
        try:
            sources[name] = open_source(path, options.topics, options.truths)
        except CompressedDetectorError as error:
            errors.append(error)
    if not sources:
        raise errors[0]
    return sources


def _check(
    arguments: argparse.Namespace, sources: Mapping[str, FrameSource],
    models: Sequence[evaluate_runs.Model],
) -> None:
    """Raise EvaluationError and RosError for what is asked for and cannot be."""
    if arguments.video:
        evaluate_film.check(sources)
    if arguments.live:
        evaluate_live.check(sources, models)


def _look(
    arguments: argparse.Namespace, workers: evaluate_workers.Workers,
    jobs: Sequence[evaluate_jobs.Job],
) -> evaluate_jobs.Done:
    kept = arguments.output / evaluate_outputs.KEPT
    with open_progress() as progress:
        return evaluate_jobs.run_jobs(
            jobs, workers.executor, arguments.retries, kept, progress,
            progress if workers.here else silent)


def _evaluate(
    arguments: argparse.Namespace, criteria: Criteria, done: evaluate_jobs.Done
) -> tuple[dict[str, list[Recording]], Evaluation]:
    """Return what each model said, in the classes that are evaluated, and what that is worth."""
    by_model = done.by_model()
    recordings = {name: [item for said in answers for item in said.recordings]
                  for name, answers in by_model.items()}
    evaluate_outputs.clear(arguments.output, list(by_model))
    for name, items in recordings.items():
        evaluate_outputs.write_model(arguments.output, name, items, criteria.score_threshold)
    with open_progress() as progress:
        evaluation = evaluate(
            recordings, {name: answers[0].labels for name, answers in by_model.items()},
            {name: together([said.usage for said in answers])
             for name, answers in by_model.items()},
            criteria, arguments.classes, arguments.samples, arguments.seed, progress,
        )
    return {name: [item.restricted_to(evaluation.classes) for item in items]
            for name, items in recordings.items()}, evaluation


def _end(output: Path, failed: Mapping[str, str], failures: Sequence[str]) -> int:
    for name, words in failed.items():
        print(f'not evaluated: {name}: {words}', file=sys.stderr)
    for failure in failures:
        print(f'failed: {failure}', file=sys.stderr)
    if failed:
        return SOME_FAILED
    evaluate_outputs.forget_partial(output)
    return 1 if failures else 0
