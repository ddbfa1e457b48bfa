# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Layers in two factors: by singular values of their weights, or by regression of what they compute.

Denton et al., Exploiting Linear Structure Within Convolutional Networks for Efficient Evaluation,
NeurIPS 2014; Jaderberg et al., Speeding up Convolutional Neural Networks with Low Rank Expansions,
BMVC 2014; Zhang et al., Accelerating Very Deep Convolutional Networks, PAMI 2015, whose factors
fit what the layers compute on training data. All layers but the last get the rank that leaves the
same share of their operations; weights are float32.
"""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.classics.baselines import Baseline, baselines
from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.factoring import factored, hidden_layers, rank_for
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.measurements import layer_macs, layer_moments
from compressed_detector.classics.results import Cell, Curve, Figure, Plot, Result, Table
from compressed_detector.classics.significance import points_apart
from compressed_detector.compression.moments import Sampling
from compressed_detector.compression.refit import matrix

SHARES = (0.5, 0.25, 0.125, 0.0625)
QUICK_SHARES = (0.25, 0.0625)
METHODS = {'svd': 'singular value decomposition', 'regression': 'reduced-rank regression'}
# Training pictures that the regression looks at, and places of each of their results.
PICTURES, PLACES = 10000, 8
# What counts as no more than a small loss, and how much faster a network gets at that loss
# (Jaderberg et al., abstract, of scene text: 4.5 times at less than one point).
TOLERANCE = 0.01
PAPER_REDUCTION = 4.5
FLOAT_BYTES = 4


@dataclass(frozen=True)
class Reduced:
    """Accuracies (0 to 1), one per seed, before and after retraining, and what is left."""

    method: str
    share: float
    ranks: tuple[int, ...]
    macs: int
    parameters: int
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True)
class Study:
    """What factoring does to one network; ``dense`` are its accuracies."""

    title: str
    dense: tuple[float, ...]
    macs: int
    parameters: int
    reduced: tuple[Reduced, ...]

    def of(self, method: str) -> list[Reduced]:
        """Return what a method led to, from the largest share down."""
        return [item for item in self.reduced if item.method == method]

    def reduction(self, method: str, retrained: bool) -> float:
        """Return how many times fewer operations cost no more than the tolerance, 1 at least."""
        floor = _mean(self.dense) - TOLERANCE
        return max([1.0, *(
            self.macs / item.macs for item in self.of(method)
            if _mean(item.after if retrained else item.before) >= floor)])


def run(lab: Lab) -> Result:
    """Factor by both methods at all shares, before and after retraining."""
    studies = [_study(lab, baseline) for baseline in baselines(lab)]
    return Result(
        tuple(figure for study in studies for figure in _figures(study)),
        tuple(sentence for study in studies for sentence in findings(study)),
        tuple(_table(study) for study in studies), tuple(_plot(study) for study in studies),
        {'tolerance': TOLERANCE, 'pictures': PICTURES, 'places_per_picture': PLACES},
    )


def _study(lab: Lab, baseline: Baseline) -> Study:
    dense = [baseline.dense(lab, seed).classifier for seed in lab.seeds]
    return Study(
        baseline.title, tuple(baseline.dense_accuracy(lab, seed) for seed in lab.seeds),
        sum(layer_macs(dense[0]).values()), dense[0].parameters,
        tuple(_reduced(lab, baseline, method, share, dense[0])
              for method in METHODS for share in (QUICK_SHARES if lab.quick else SHARES)))


def _reduced(lab: Lab, baseline: Baseline, method: str, share: float,
             dense: Classifier) -> Reduced:
    runs = [_factored_and_retrained(lab, baseline, method, share, seed) for seed in lab.seeds]
    last = runs[-1].classifier
    kernels = (matrix(dense, layer) for layer in hidden_layers(dense))
    return Reduced(
        method, share, tuple(rank_for(kernel, share) for kernel in kernels),
        sum(layer_macs(last).values()), last.parameters,
        tuple(run.figures['before'] for run in runs), tuple(run.figures['after'] for run in runs))


def _factored_and_retrained(
    lab: Lab, baseline: Baseline, method: str, share: float, seed: int
) -> Trial:
    key = f'{baseline.name}-{method}-{10000 * share:.0f}-{seed}'
    dense = baseline.dense(lab, seed).classifier
    trial = lab.trial(key, dense, lambda: Trial(_factor(lab, dense, method, share, seed)))
    retrained = lab.train(f'{key}-retrained', trial, baseline.retraining(), seed + 1000)
    return Trial(retrained.classifier, figures={
        'before': lab.accuracy(key, trial.classifier),
        'after': lab.accuracy(f'{key}-retrained', retrained.classifier)})


def _factor(lab: Lab, classifier: Classifier, method: str, share: float, seed: int) -> Classifier:
    layers = hidden_layers(classifier)
    if method == 'svd':
        return factored(classifier, layers, share, None)
    samples = lab.data.train.first(PICTURES)
    return factored(classifier, layers, share, lambda net, names: layer_moments(
        net, classifier, names, samples, Sampling(PLACES, seed)))


def findings(study: Study) -> tuple[str, ...]:
    """Return what one network shows of the methods."""
    sentences = []
    for one, other in zip(study.of('regression'), study.of('svd')):
        tests = [points_apart(first, second)
                 for first, second in ((one.before, other.before), (one.after, other.after))]
        sentences.append(
            f'{study.title}, {one.share:.1%} of the operations of factored layers: regression is '
            f'{tests[0].mean:+.2f} points from the decomposition before retraining (p = '
            f'{tests[0].p_value:.3f}) and {tests[1].mean:+.2f} after it (p = '
            f'{tests[1].p_value:.3f}).')
    best = max(METHODS, key=lambda method: study.reduction(method, True))
    return (
        *sentences,
        f'{study.title}: {study.reduction(best, True):.1f} times fewer operations cost at most '
        f'{100 * TOLERANCE:g} point of accuracy after retraining, '
        f'{study.reduction("regression", False):.1f} times with regression alone, '
        f'{study.reduction("svd", False):.1f} times with the decomposition alone.')


def _figures(study: Study) -> list[Figure]:
    figures = [Figure.over_seeds(f'accuracy_dense, {study.title}', study.dense)]
    for method in METHODS:
        figures += [
            Figure(f'mac_reduction_within_1_point_{method}, {study.title}',
                   study.reduction(method, False), unit='x'),
            Figure(f'mac_reduction_within_1_point_{method}_retrained, {study.title}',
                   study.reduction(method, True), PAPER_REDUCTION, unit='x')]
    for item in study.reduced:
        name = f'{item.method}_{100 * item.share:.4g}_percent, {study.title}'
        figures += [Figure.over_seeds(f'accuracy_{name}', item.before),
                    Figure.over_seeds(f'accuracy_retrained_{name}', item.after)]
    return figures


def _table(study: Study) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ('dense', '', study.macs, FLOAT_BYTES * study.parameters,
         _percent(study.dense), _percent(study.dense))]
    rows += [
        (METHODS[item.method], ', '.join(map(str, item.ranks)), item.macs,
         FLOAT_BYTES * item.parameters, _percent(item.before), _percent(item.after))
        for item in study.reduced]
    return Table(study.title, ('method', 'ranks', 'MACs', 'bytes', 'accuracy %', 'retrained %'),
                 tuple(rows))


def _plot(study: Study) -> Plot:
    curves = []
    for method, title in METHODS.items():
        items = study.of(method)
        x = tuple(study.macs / item.macs for item in items)
        for label, series in ((title, [item.before for item in items]),
                              (f'{title}, retrained', [item.after for item in items])):
            curves.append(Curve(label, x, tuple(_percent(values) for values in series), tuple(
                100 * Figure.over_seeds('', values).spread for values in series)))
    return Plot(f'low_rank_{study.title.lower().replace("-", "_")}', study.title,
                'times fewer operations', 'accuracy (%)', tuple(curves), x_log=True)


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)


def _percent(values: tuple[float, ...]) -> float:
    return round(100 * _mean(values), 2)


LOW_RANK = Experiment(
    'low_rank', 'Low-rank layers: singular values and reduced-rank regression',
    ('Denton et al., Exploiting Linear Structure Within Convolutional Networks for Efficient '
     'Evaluation, NeurIPS 2014',
     'Jaderberg et al., Speeding up Convolutional Neural Networks with Low Rank Expansions, '
     'BMVC 2014',
     'Zhang et al., Accelerating Very Deep Convolutional Networks for Classification and '
     'Detection, PAMI 2015'),
    run,
)
