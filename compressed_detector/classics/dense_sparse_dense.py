# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Dense-sparse-dense training against dense training that is just as long.

Han et al., DSD: Dense-Sparse-Dense Training for Deep Neural Networks, ICLR 2017: train, remove the
smallest weights of every layer and retrain, let them come back as zeros and retrain at a tenth of
the learning rate. The dense networks here go through the same three phases with the same
learning rates and the same batches; that nothing is removed in between is the one difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compressed_detector.classics.baselines import Baseline, baselines
from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.pruning import prune_evenly
from compressed_detector.classics.results import Cell, Curve, Figure, Plot, Result, Table
from compressed_detector.classics.significance import Paired, points_apart

# Of the middle phase: the paper's 30 % and the 50 % of its speech networks.
SPARSITIES = (0.3, 0.5)
LAST_RATE = 0.1
# What one has to stay below, divided by the number of comparisons (Bonferroni).
SIGNIFICANCE = 0.05
# Gains in top-1 accuracy on ImageNet, in points (abstract): of networks trained as long as they
# were published, not as long as with DSD.
PAPER_GAINS = {'GoogLeNet': 1.1, 'VGG-16': 4.3, 'ResNet-18': 1.2, 'ResNet-50': 1.1}


@dataclass(frozen=True)
class Comparison:
    """Accuracies (0 to 1) with a sparsity in the middle and without any, one per seed."""

    title: str
    sparsity: float
    first_phase: tuple[float, ...]
    dense: tuple[float, ...]
    treated: tuple[float, ...]

    @property
    def test(self) -> Paired:
        """What the differences say, in points."""
        return points_apart(self.treated, self.dense)


def run(lab: Lab) -> Result:
    """Train with and without a sparse phase; compare them seed by seed."""
    comparisons = [item for baseline in baselines(lab) for item in _compare(lab, baseline)]
    figures = [figure for comparison in comparisons for figure in _figures(comparison)]
    return Result(
        tuple(figures), findings(comparisons), (_table(comparisons),), (_plot(comparisons),),
        {'paper_gains_points': PAPER_GAINS,
         'p_values': {_name(item): item.test.p_value for item in comparisons}},
    )


def _compare(lab: Lab, baseline: Baseline) -> list[Comparison]:
    first = tuple(baseline.dense_accuracy(lab, seed) for seed in lab.seeds)
    dense, *treated = (
        tuple(three_phases(lab, baseline, sparsity, seed) for seed in lab.seeds)
        for sparsity in (0.0, *SPARSITIES)
    )
    return [Comparison(baseline.title, sparsity, first, dense, accuracies)
            for sparsity, accuracies in zip(SPARSITIES, treated)]


def three_phases(lab: Lab, baseline: Baseline, sparsity: float, seed: int) -> float:
    """Return the accuracy after all three phases, the middle one with this sparsity."""
    key = f'{baseline.name}-{round(100 * sparsity)}-{seed}'
    lesson = baseline.retraining()
    sparse = thinned(baseline.dense(lab, seed).classifier, sparsity)
    # Another order of the samples in each phase, the same with and without sparsity.
    middle = lab.train(f'{key}-middle', sparse, lesson, seed + 1000)
    last = replace(lesson, learning_rate=LAST_RATE * lesson.learning_rate)
    trained = lab.train(f'{key}-last', Trial(middle.classifier), last, seed + 2000)
    return lab.accuracy(f'{key}-last', trained.classifier)


def thinned(classifier: Classifier, sparsity: float) -> Trial:
    """Return the classifier without this share of each layer's smallest weights; 0: as it is."""
    trial = Trial(classifier)
    return prune_evenly(trial, sparsity) if sparsity else trial


def findings(comparisons: Sequence[Comparison]) -> tuple[str, ...]:
    """Return what the comparisons say, one sentence each, and whether the gain holds."""
    level = SIGNIFICANCE / len(comparisons)
    sentences = []
    for item in comparisons:
        test = item.test
        if test.p_value >= level:
            verdict = 'no gain that could be told from chance'
        else:
            verdict = 'a significant gain' if test.mean > 0 else 'a significant loss'
        sentences.append(
            f'{item.title}, {item.sparsity:.0%} sparse in the middle: {test.mean:+.2f} points '
            f'against equally long dense training over {test.pairs} pairs (p = '
            f'{test.p_value:.3f}; below {level:.4f} of each of {len(comparisons)} comparisons '
            f'would be significant): {verdict}.'
        )
    held = sum(item.test.p_value < level and item.test.mean > 0 for item in comparisons)
    longer = max(comparisons, key=lambda item: item.test.mean)
    gains = points_apart(longer.treated, longer.first_phase)
    return (
        *sentences,
        f'The gain of dense-sparse-dense training holds in {held} of {len(comparisons)} '
        'comparisons with dense training of the same length.',
        f'Compared with the end of its own first phase, as the paper does with networks trained '
        f'for a shorter time, {longer.title} at {longer.sparsity:.0%} gains {gains.mean:+.2f} '
        f'points (p = {gains.p_value:.3f}).',
    )


def _name(comparison: Comparison) -> str:
    return f'{comparison.title}, {comparison.sparsity:.0%} sparse'


def _figures(comparison: Comparison) -> list[Figure]:
    pairs = zip(comparison.treated, comparison.dense)
    paper = PAPER_GAINS['ResNet-18'] if comparison.sparsity == SPARSITIES[0] else None
    name = _name(comparison)
    return [
        Figure.over_seeds(f'gain, {name}', [100 * (one - other) for one, other in pairs],
                          paper, 'points'),
        Figure.over_seeds(f'accuracy_dsd, {name}', comparison.treated),
        Figure.over_seeds(f'accuracy_dense_as_long, {name}', comparison.dense),
    ]


def _table(comparisons: Sequence[Comparison]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for item in comparisons:
        test, means = item.test, [
            round(100 * sum(values) / len(values), 2)
            for values in (item.first_phase, item.dense, item.treated)]
        interval = f'± {test.half_width:.2f}' if test.pairs > 1 else ''
        rows.append((item.title, f'{item.sparsity:.0%}', *means, round(test.mean, 2), interval,
                     round(test.p_value, 3)))
    return Table(
        'Dense-sparse-dense against dense training of the same length',
        ('network', 'sparsity', 'first phase %', 'dense %', 'DSD %', 'gain', '95 % interval', 'p'),
        tuple(rows))


def _plot(comparisons: Sequence[Comparison]) -> Plot:
    curves = []
    for item in comparisons:
        gains = [100 * (one - other) for one, other in zip(item.treated, item.dense)]
        curves.append(Curve(_name(item), tuple(float(pair) for pair in range(len(gains))),
                            tuple(gains)))
    return Plot('dense_sparse_dense', 'Gain of DSD over equally long dense training', 'seed',
                'gain (points)', tuple(curves))


DENSE_SPARSE_DENSE = Experiment(
    'dense_sparse_dense', 'Dense-sparse-dense training',
    ('Han et al., DSD: Dense-Sparse-Dense Training for Deep Neural Networks, ICLR 2017',),
    run, seeds=(0, 1, 2, 3, 4),
)
