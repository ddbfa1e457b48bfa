# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Pruning of classifiers by magnitude, at once or step by step with retraining in between.

Han, Pool, Tran, Dally, Learning both Weights and Connections for Efficient Neural Networks,
NeurIPS 2015.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.learning import Lesson, Penalty
from compressed_detector.compression import masks, saliency
from compressed_detector.compression.forms import Form, project

# By the name of the weights: the share that is left.
Densities = Mapping[str, float]
# Seeds of trainings that follow each other: other orders of the samples.
NEXT = 1000


def prune(trial: Trial, densities: Densities) -> Trial:
    """Return the trial with the largest weights of each layer left; removed ones stay so."""
    weights, forms = dict(trial.classifier.weights), dict(trial.forms)
    for name, density in densities.items():
        form = forms.get(name, Form())
        (count,) = masks.counts_per_layer({name: weights[name].size}, density).values()
        kept = masks.keep_largest(saliency.magnitude(weights[name]), count, form.mask)
        forms[name] = dataclasses.replace(form, mask=kept)
        weights[name] = project(weights[name], forms[name])
    return Trial(trial.classifier.with_weights(weights), forms, trial.figures)


def prune_evenly(trial: Trial, sparsity: float) -> Trial:
    """Return the trial without this share of the smallest weights of each layer."""
    return prune(trial, dict.fromkeys(trial.classifier.kernels, 1 - sparsity))


@dataclass(frozen=True)
class Gradual:
    """Pruning in steps, with a lesson after each: the last one may be longer."""

    steps: int
    between: Lesson
    last: Lesson

    @property
    def epochs(self) -> int:
        """The epochs of all lessons."""
        return (self.steps - 1) * self.between.epochs + self.last.epochs


def prune_gradually(
    lab: Lab, key: str, dense: Trial, densities: Densities, plan: Gradual, seed: int,
    penalty: Penalty | None = None,
) -> Trial:
    """
    Return the trial with these densities, retrained after every step on the way there.

    Every step takes the same share of the weights that are left: with n steps to the density d,
    d^(t / n) are left after step t.
    """
    trial = dense
    for step in range(1, plan.steps + 1):
        reached = {name: density ** (step / plan.steps) for name, density in densities.items()}
        lesson = plan.last if step == plan.steps else plan.between
        trial = lab.train(f'{key}-step{step}', prune(trial, reached), lesson,
                          seed + step * NEXT, penalty)
    return trial


def parameters_left(trial: Trial) -> int:
    """Return the number of weights that are not removed, biases included."""
    removed = sum(int(np.count_nonzero(~form.mask)) for form in trial.forms.values()
                  if form.mask is not None)
    return trial.classifier.parameters - removed
