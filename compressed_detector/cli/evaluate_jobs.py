# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings as jobs: done anywhere, kept when they are done, tried again when they fail."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compressed_detector.cli import evaluate_live, evaluate_runs
from compressed_detector.cli.evaluate_runs import Model, Options, Progress
from compressed_detector.detection.bundle import Bundle
from compressed_detector.errors import CompressedDetectorError, EvaluationError
from compressed_detector.evaluation import kept_answers
from compressed_detector.evaluation.executors import Executor
from compressed_detector.evaluation.kept_answers import Answers
from compressed_detector.evaluation.scene import truth_files

# Changes with what is computed: answers of before are not used then.
FORMAT = 1
TASK = 'recordings'


@dataclass(frozen=True)
class Job:
    """A recording by its name in the results, and the models that look at it."""

    name: str
    path: Path
    models: tuple[Model, ...]
    options: Options


@dataclass(frozen=True, eq=False)
class Done:
    """What models said, by recording and by model; and why other recordings failed, in words."""

    answers: Mapping[str, Mapping[str, Answers]]
    failed: Mapping[str, str]

    def by_model(self) -> dict[str, list[Answers]]:
        """Return the answers of each model, in the order of the recordings."""
        models = next(iter(self.answers.values()))
        return {model: [said[model] for said in self.answers.values()] for model in models}


def run_jobs(
    jobs: Sequence[Job], executor: Executor, retries: int, folder: Path, progress: Progress,
    within: Progress,
) -> Done:
    """
    Do jobs, each once and, where it fails, as often again as ``retries`` says.

    What is done is kept in a folder at once; what is there from before, for the same recording,
    models and options, is taken from there. ``progress`` is told of jobs, ``within`` of what is
    done within one, which another process must be able to have. Raises EvaluationError when all
    fail.
    """
    digests = {model: _digest(model) for job in jobs for model in job.models}
    keys = {job.name: _key(job, digests) for job in jobs}
    found = {job.name: answers for job in jobs
             if (answers := kept_answers.load(_file(folder, job), keys[job.name])) is not None}
    if found:
        print(f'done before: {", ".join(found)}', file=sys.stderr)
    failed: dict[str, str] = {}
    for _ in range(retries + 1):
        left = [job for job in jobs if job.name not in found]
        for job, outcome in _outcomes(executor, left, within):
            if isinstance(outcome, str):
                failed[job.name] = outcome
            else:
                found[job.name] = outcome
                _keep(_file(folder, job), keys[job.name], outcome)
            if len(jobs) > 1:
                progress(TASK, len(found), len(jobs), job.name)
    failed = {job.name: failed[job.name] for job in jobs if job.name not in found}
    if not found:
        raise EvaluationError(_words(failed))
    return Done({job.name: found[job.name] for job in jobs if job.name in found}, failed)


def look(job: Job, progress: Progress) -> dict[str, Answers] | str:
    """Return what the models say about a recording, or why that cannot be told."""
    runner = evaluate_live.live if job.options.live else evaluate_runs.offline
    try:
        return evaluate_runs.run_models(
            runner, job.models, job.name, job.path, job.options, progress)
    except CompressedDetectorError as error:
        return str(error)
    except Exception as error:
        # Nobody's mistake but ours: whoever reports it needs to know where.
        traceback.print_exc()
        return f'{type(error).__name__}: {error}'


def _outcomes(
    executor: Executor, jobs: Sequence[Job], within: Progress
) -> Iterator[tuple[Job, dict[str, Answers] | str]]:
    if not jobs:
        return
    with contextlib.closing(executor(functools.partial(look, progress=within), jobs)) as items:
        for job, outcome in items:
            if isinstance(outcome, Exception):
                yield job, f'its process ended: {type(outcome).__name__}: {outcome}'
            else:
                yield job, outcome


def _words(failed: Mapping[str, str]) -> str:
    name, words = next(iter(failed.items()))
    if len(failed) == 1:
        return words
    return f'none of {len(failed)} recordings could be evaluated; {name}: {words}'


def _file(folder: Path, job: Job) -> Path:
    return folder / f'{job.name}.npz'


def _keep(path: Path, key: str, answers: Mapping[str, Answers]) -> None:
    try:
        kept_answers.save(path, key, answers)
    except OSError as error:
        raise EvaluationError(f'--output: cannot write {path}: {error.strerror}') from error


def _key(job: Job, digests: Mapping[Model, str]) -> str:
    """Return what stands for all that the answers depend on."""
    options = job.options
    content: Any = [
        FORMAT, str(job.path.resolve()), _stamps(job.path),
        [_stamps(path) for path in truth_files(job.path, options.truths)],
        [(model.name, digests[model]) for model in job.models], asdict(options),
        options.params_file and options.params_file.read_text(encoding='utf-8'),
    ]
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()


def _digest(model: Model) -> str:
    if model.manifest is None:
        return ''
    bundle = Bundle.load(model.manifest)
    return hashlib.sha256(repr(bundle.manifest).encode() + bundle.model).hexdigest()


def _stamps(path: Path) -> list[tuple[str, int, int]]:
    """Return names, sizes and times of change of a file, or of all files in a folder."""
    files = sorted(path.rglob('*')) if path.is_dir() else [path]
    stats = [(file, file.stat()) for file in files if file.is_file()]
    return [(str(file), stat.st_size, stat.st_mtime_ns) for file, stat in stats]
