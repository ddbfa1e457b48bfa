# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Where experiments are done: data, seeds, and a folder that keeps what is finished."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compressed_detector.classics.classifier import Classifier, accuracy
from compressed_detector.classics.data import Dataset
from compressed_detector.classics.learning import Lesson, Penalty, train
from compressed_detector.compression import checkpoint, files, npz
from compressed_detector.compression.forms import Forms
from compressed_detector.compression.progress import Report
from compressed_detector.compression.training.parameters import Disguise
from compressed_detector.errors import CompressionError


@dataclass(frozen=True, eq=False)
class Trial:
    """A classifier on its way: its weights are as ``forms`` say; ``figures`` are of it so far."""

    classifier: Classifier
    forms: Forms = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Lab:
    """
    What an experiment is done with.

    ``quick`` asks for the same code on less of everything. What has a key is done once: a second
    run takes it from ``folder``, which belongs to one experiment on one dataset.
    """

    data: Dataset
    seeds: tuple[int, ...]
    quick: bool
    folder: Path
    report: Report

    def trial(self, key: str, start: Classifier, make: Callable[[], Trial]) -> Trial:
        """Return what make returns, from the folder if it is there; start has its structure."""
        path = self.folder / f'{key}.npz'
        if path.exists():
            return _load(path, start)
        made = make()
        content = npz.encode({
            'figures': json.dumps(dict(made.figures)),
            **checkpoint.arrays_of(made.classifier.weights, made.forms),
        })
        files.write_together(self.folder, {path.name: content}, force=True)
        return made

    def figures(self, key: str, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Return the figures that make returns, from the folder if they are there."""
        path = self.folder / f'{key}.json'
        if not path.exists():
            text = json.dumps(dict(make()))
            files.write_together(self.folder, {path.name: text.encode()}, force=True)
        try:
            found: Mapping[str, Any] = json.loads(files.read(path, 'figures'))
        except (ValueError, RecursionError) as error:
            raise _damaged(path, error) from error
        return found

    def accuracy(self, key: str, classifier: Classifier) -> float:
        """Return the share of the test samples that a classifier knows; done once for the key."""
        found = self.figures(f'{key}-accuracy',
                             lambda: {'accuracy': accuracy(classifier, self.data.test)})
        return float(found['accuracy'])

    def train(
        self, key: str, trial: Trial, lesson: Lesson, seed: int,
        penalty: Penalty | None = None, disguise: Disguise | None = None,
    ) -> Trial:
        """Return the trial after a lesson, within its forms; done once for the key."""
        state = self.folder / f'{key}.state.npz'

        def make() -> Trial:
            trained = train(trial.classifier, trial.forms, self.data.train, lesson, seed,
                            _titled(self.report, key), penalty, state, disguise)
            return Trial(trained, trial.forms, trial.figures)

        made = self.trial(key, trial.classifier, make)
        state.unlink(missing_ok=True)
        return made


def _load(path: Path, start: Classifier) -> Trial:
    try:
        arrays = npz.decode(files.read(path, 'trial'))
        figures = json.loads(str(arrays.pop('figures')))
        weights, forms = checkpoint.parts_of(arrays)
        # In the order of computation, which the file does not promise.
        ordered = {name: weights[name] for name in start.weights if name in weights}
        ordered.update(weights)
        return Trial(start.with_weights(ordered), forms, figures)
    except (ValueError, KeyError, TypeError, RecursionError, CompressionError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CompressionError:
    return CompressionError(
        f'{path}: expected what an earlier run left: {error}; remove it to do it again')


def _titled(report: Report, key: str) -> Report:
    def titled(task: str, done: int, total: int, detail: str = '', /) -> None:
        report(key, done, total, detail)

    return titled
