# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Optimal Brain Damage and Optimal Brain Surgeon against magnitude, at the same sparsity.

LeCun, Denker, Solla, NeurIPS 1989: what removing a weight does to the loss, from the diagonal of
its Hessian. Hassibi and Stork, NeurIPS 1992: from all of it, with the other weights adapted; here
layer by layer (Dong, Chen, Pan, NeurIPS 2017), with the second moments of the layers' inputs. All
rules but ``obd_overall`` leave the same share of every layer, so that only the choice of weights
differs; that one ranks all weights together, as LeCun et al. do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from compressed_detector.classics.baselines import Baseline, baselines
from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.measurements import (
    layer_moments,
    loss_curvatures,
    weighted_layers,
)
from compressed_detector.classics.results import Cell, Curve, Figure, Plot, Result, Table
from compressed_detector.classics.significance import points_apart
from compressed_detector.compression.moments import Doubles, Sampling
from compressed_detector.compression.refit import as_floats
from compressed_detector.compression.sparsify import prune_network

SPARSITIES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
RETRAINED = (0.9, 0.98)
QUICK_SPARSITIES, QUICK_RETRAINED = (0.5, 0.9), (0.9,)
RULES = {'magnitude': 'magnitude', 'obd': 'Optimal Brain Damage',
         'obd_overall': 'Optimal Brain Damage, one ranking', 'obs': 'Optimal Brain Surgeon'}
# Training pictures that moments and curvatures are measured on.
MOMENT_PICTURES, PLACES, CURVATURE_PICTURES = 10000, 8, 2000
# Without loss: no more points than this below the dense network, on average over seeds.
TOLERANCE = 0.005
# "by a factor of four" (LeCun, Denker, Solla, 1989, section 1).
PAPER_OBD_SPARSITY = 0.75


@dataclass(frozen=True)
class Pruned:
    """Accuracies (0 to 1), one per seed, of a network pruned by a rule to a sparsity."""

    rule: str
    sparsity: float
    retrained: bool
    accuracies: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return sum(self.accuracies) / len(self.accuracies)


@dataclass(frozen=True)
class Study:
    """What pruning does to one network."""

    title: str
    dense: tuple[float, ...]
    pruned: tuple[Pruned, ...]

    @property
    def dense_mean(self) -> float:
        """The mean accuracy of the dense networks."""
        return sum(self.dense) / len(self.dense)

    def of(self, rule: str, retrained: bool) -> list[Pruned]:
        """Return what a rule led to, by sparsity."""
        return [item for item in self.pruned
                if item.rule == rule and item.retrained == retrained]

    def without_loss(self, rule: str, retrained: bool) -> float:
        """Return the highest tested sparsity up to which nothing is lost; 0 if there is none."""
        reached = 0.0
        for item in self.of(rule, retrained):
            if self.dense_mean - item.mean > TOLERANCE:
                break
            reached = item.sparsity
        return reached


def run(lab: Lab) -> Result:
    """Prune by all rules to all sparsities, with and without retraining."""
    studies = [_study(lab, baseline) for baseline in baselines(lab)]
    return Result(
        tuple(figure for study in studies for figure in _figures(study)),
        tuple(sentence for study in studies for sentence in findings(study)),
        tuple(_table(study) for study in studies),
        tuple(_plot(study, retrained) for study in studies for retrained in (False, True)),
        {'tolerance': TOLERANCE,
         'moments': {'pictures': MOMENT_PICTURES, 'places_per_picture': PLACES},
         'curvature_pictures': CURVATURE_PICTURES},
    )


def _study(lab: Lab, baseline: Baseline) -> Study:
    dense = tuple(baseline.dense_accuracy(lab, seed) for seed in lab.seeds)
    return Study(baseline.title, dense, tuple(
        Pruned(rule, sparsity, retrained, tuple(
            _accuracy(lab, baseline, rule, sparsity, retrained, seed) for seed in lab.seeds))
        for retrained, sparsities in (
            (False, QUICK_SPARSITIES if lab.quick else SPARSITIES),
            (True, QUICK_RETRAINED if lab.quick else RETRAINED))
        for rule in RULES for sparsity in sparsities
    ))


def _accuracy(lab: Lab, baseline: Baseline, rule: str, sparsity: float, retrained: bool,
              seed: int) -> float:
    key = f'{baseline.name}-{rule}-{round(100 * sparsity)}-{seed}'
    start = baseline.dense(lab, seed).classifier
    trial = lab.trial(key, start, lambda: pruned(lab, baseline, rule, sparsity, seed))
    if retrained:
        key += '-retrained'
        trial = lab.train(key, trial, baseline.retraining(), seed + 1000)
    return lab.accuracy(key, trial.classifier)


def pruned(lab: Lab, baseline: Baseline, rule: str, sparsity: float, seed: int) -> Trial:
    """Return the trained network with weights removed by a rule, at once."""
    classifier = baseline.dense(lab, seed).classifier
    layers = weighted_layers(classifier)
    prune = partial(prune_network, classifier, {}, 1 - sparsity, layers)
    if rule == 'magnitude':
        return Trial(*prune('magnitude'))
    if rule == 'obs':
        samples = lab.data.train.first(MOMENT_PICTURES)
        return Trial(*prune('obs', measure=lambda net, names: layer_moments(
            net, classifier, names, samples, Sampling(PLACES, seed))))
    scope = 'global' if rule == 'obd_overall' else 'layer'
    return Trial(*prune('obd', scope, diagonals=_curvatures(lab, baseline, classifier, seed)))


def _curvatures(lab: Lab, baseline: Baseline, classifier: Classifier,
                seed: int) -> Mapping[str, Doubles]:
    samples = lab.data.train.first(CURVATURE_PICTURES)
    key = f'{baseline.name}-curvatures-{seed}'
    # Kept in the place of weights, of which they have the shapes.
    kept = lab.trial(key, classifier, lambda: Trial(classifier.with_weights(as_floats(
        loss_curvatures(classifier, samples, seed)))))
    return {name: array.astype(np.float64) for name, array in kept.classifier.weights.items()}


def findings(study: Study) -> tuple[str, ...]:
    """Return the claims about one network, and whether they hold."""
    free, damaged = study.without_loss('obs', False), study.without_loss('magnitude', False)
    sentences = [
        f'{study.title}: without retraining, Optimal Brain Surgeon loses nothing (at most '
        f'{100 * TOLERANCE:g} points) up to {free:.0%} sparsity, magnitude up to {damaged:.0%}, '
        f'Optimal Brain Damage up to {study.without_loss("obd", False):.0%}, with one ranking of '
        f'all weights up to {study.without_loss("obd_overall", False):.0%}.']
    for retrained in (False, True):
        for obs, plain in zip(study.of('obs', retrained), study.of('magnitude', retrained)):
            sentences += _comparison(study, obs, plain) if obs.sparsity >= 0.9 else []
    for index, item in enumerate(study.of('obs', True)):
        best = max((study.of(rule, True)[index] for rule in RULES), key=lambda found: found.mean)
        sentences.append(
            f'{study.title}, {item.sparsity:.0%} sparse, after retraining: {RULES[best.rule]} is '
            f'the best of {len(RULES)} rules with {100 * best.mean:.2f} %.')
    return tuple(sentences)


def _comparison(study: Study, better: Pruned, plain: Pruned) -> list[str]:
    test = points_apart(better.accuracies, plain.accuracies)
    wins = sum(one > other for one, other in zip(better.accuracies, plain.accuracies))
    when = 'after retraining' if better.retrained else 'without retraining'
    return [
        f'{study.title}, {better.sparsity:.0%} sparse, {when}: Optimal Brain Surgeon is '
        f'{test.mean:+.2f} points from magnitude (better in {wins} of {test.pairs} pairs, p = '
        f'{test.p_value:.3f}).']


def _figures(study: Study) -> list[Figure]:
    figures = [
        Figure.over_seeds(f'accuracy_dense, {study.title}', study.dense),
        Figure(f'sparsity_without_loss_or_retraining_obs, {study.title}',
               study.without_loss('obs', False)),
        Figure(f'sparsity_without_loss_or_retraining_magnitude, {study.title}',
               study.without_loss('magnitude', False)),
        # LeCun et al. retrain between prunings, too.
        Figure(f'sparsity_without_loss_or_retraining_obd_overall, {study.title}',
               study.without_loss('obd_overall', False), PAPER_OBD_SPARSITY),
    ]
    for item in study.pruned:
        how = 'retrained' if item.retrained else 'pruned'
        figures.append(Figure.over_seeds(
            f'accuracy_{how}_{item.rule}_{round(100 * item.sparsity)}, {study.title}',
            item.accuracies))
    return figures


def _table(study: Study) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for retrained in (False, True):
        for index, first in enumerate(study.of('magnitude', retrained)):
            means = (round(100 * study.of(rule, retrained)[index].mean, 2) for rule in RULES)
            rows.append((f'{first.sparsity:.0%}', 'yes' if retrained else 'no', *means))
    return Table(f'{study.title}, dense {100 * study.dense_mean:.2f} %: accuracy in % by rule',
                 ('sparsity', 'retrained', *RULES.values()), tuple(rows))


def _plot(study: Study, retrained: bool) -> Plot:
    curves = [
        Curve(title, tuple(100 * item.sparsity for item in study.of(rule, retrained)),
              tuple(100 * item.mean for item in study.of(rule, retrained)),
              tuple(100 * Figure.over_seeds('', item.accuracies).spread
                    for item in study.of(rule, retrained)))
        for rule, title in RULES.items()
    ]
    when = 'retrained' if retrained else 'not retrained'
    name = study.title.lower().replace('-', '_')
    return Plot(f'brain_surgeon_{name}_{when.replace(" ", "_")}', f'{study.title}, {when}',
                'weights removed (%)', 'accuracy (%)', tuple(curves))


BRAIN_SURGEON = Experiment(
    'brain_surgeon', 'Optimal Brain Damage and Optimal Brain Surgeon',
    ('LeCun, Denker, Solla, Optimal Brain Damage, NeurIPS 1989',
     'Hassibi, Stork, Second Order Derivatives for Network Pruning: Optimal Brain Surgeon, '
     'NeurIPS 1992'),
    run,
)
