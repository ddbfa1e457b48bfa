# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Learning both weights and connections: a twelfth of the parameters, without loss.

Han, Pool, Tran, Dally, NeurIPS 2015: accuracy against the share of weights removed, with and
without retraining, of networks that learnt with L1 and L2 penalties (figure 5, of AlexNet there);
and the LeNets pruned step by step to the densities of tables 1, 3 and 4. These, and the dense
networks with the L2 penalty, are those of deep_compression, in whose folder they are kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from compressed_detector.classics.deep_compression import DEEP_COMPRESSION, plans_of
from compressed_detector.classics.deep_compression_steps import Plan, Steps
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.learning import Lesson, Penalty
from compressed_detector.classics.learning_both_report import Pruned, Sweep, report
from compressed_detector.classics.pruning import NEXT, parameters_left, prune_evenly
from compressed_detector.classics.results import Result
from compressed_detector.compression.tensorflow_runtime import tensorflow

# The shares of every layer's weights that are removed.
SPARSITIES = (0.5, 0.7, 0.8, 0.9, 0.94, 0.97)
QUICK_SPARSITIES = (0.7, 0.94)
RETRAINING = Lesson(3)
QUICK_RETRAINING = Lesson(10)
# The loss has this times the sum of the weights' magnitudes: at the start about as much as L2.
L1 = 1e-5


def run(lab: Lab) -> Result:
    """Prune one LeNet to many sparsities in five ways, and both to a twelfth."""
    plans = plans_of(lab)
    sweep = Sweep(plans[0].title, tuple(_curves(lab, plans[0], seed) for seed in lab.seeds))
    return report(lab.data.name, sweep, [
        (plan.title, plan.paper, tuple(_pruned(lab, plan, seed) for seed in lab.seeds))
        for plan in plans
    ])


def l1(weights: Mapping[str, Any]) -> Any:
    """Return the penalty on the magnitudes of all weights but biases, a scalar tensor."""
    tf = tensorflow()
    return L1 * tf.add_n([tf.reduce_sum(tf.abs(value)) for name, value in weights.items()
                          if name.endswith('_weight')])


def _steps(lab: Lab, plan: Plan, seed: int) -> Steps:
    folder = lab.folder.parent / DEEP_COMPRESSION.name
    return Steps(dataclasses.replace(lab, folder=folder), plan, seed)


def _pruned(lab: Lab, plan: Plan, seed: int) -> Pruned:
    steps, name = _steps(lab, plan, seed), plan.name
    dense, longer, pruned = steps.dense(), steps.dense_as_long(), steps.pruned()
    return Pruned(
        dense.classifier.parameters, parameters_left(pruned),
        steps.lab.accuracy(f'{name}-dense-{seed}', dense.classifier),
        steps.lab.accuracy(f'{name}-longer-{seed}', longer.classifier),
        steps.lab.accuracy(f'{name}-pruned-{seed}', pruned.classifier),
    )


def _curves(lab: Lab, plan: Plan, seed: int) -> Mapping[str, Mapping[float, float]]:
    """Return the accuracy by sparsity, 0 among them, by the names of Sweep."""
    steps = _steps(lab, plan, seed)
    lesson = steps.stretched(QUICK_RETRAINING if lab.quick else RETRAINING)
    start = lab.train(f'l1-dense-{seed}', Trial(plan.make(seed)),
                      steps.stretched(Lesson(plan.epochs)), seed, l1)
    curves: dict[str, Mapping[float, float]] = {}
    for norm, dense, penalty in (('l1', start, l1), ('l2', steps.dense(), steps.penalty)):
        at_once = {sparsity: prune_evenly(dense, sparsity) for sparsity in _sparsities(lab)}
        again = {sparsity: lab.train(f'{norm}-{_percent(sparsity)}-{seed}', trial, lesson,
                                     seed + NEXT, penalty)
                 for sparsity, trial in at_once.items()}
        curves[norm] = _accuracies(lab, f'{norm}-pruned', dense, at_once, seed)
        curves[f'{norm}_retrained'] = _accuracies(lab, f'{norm}-retrained', dense, again, seed)
    iterated = _iterated(lab, steps.dense(), lesson, steps.penalty, seed)
    curves['l2_iterated'] = _accuracies(lab, 'l2-iterated', steps.dense(), iterated, seed)
    return curves


def _iterated(
    lab: Lab, dense: Trial, lesson: Lesson, penalty: Penalty, seed: int
) -> dict[float, Trial]:
    """Return the networks that are each pruned from the one before, and retrained."""
    trial, found = dense, {}
    for step, sparsity in enumerate(_sparsities(lab), start=1):
        key = f'l2-iterated-{_percent(sparsity)}-{seed}'
        trial = lab.train(key, prune_evenly(trial, sparsity), lesson, seed + step * NEXT, penalty)
        found[sparsity] = trial
    return found


def _accuracies(
    lab: Lab, key: str, dense: Trial, trials: Mapping[float, Trial], seed: int
) -> dict[float, float]:
    return {sparsity: lab.accuracy(f'{key}-{_percent(sparsity)}-{seed}', trial.classifier)
            for sparsity, trial in {0.0: dense, **trials}.items()}


def _sparsities(lab: Lab) -> tuple[float, ...]:
    return QUICK_SPARSITIES if lab.quick else SPARSITIES


def _percent(share: float) -> int:
    return round(100 * share)


LEARNING_BOTH = Experiment(
    'learning_both', 'Learning both weights and connections',
    ('Han, Pool, Tran, Dally, Learning both Weights and Connections for Efficient Neural '
     'Networks, NeurIPS 2015',),
    run,
)
