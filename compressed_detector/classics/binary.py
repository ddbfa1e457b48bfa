# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Weights that are signs: one magnitude for all of them, or one per output channel.

Courbariaux, Bengio, David, BinaryConnect, NeurIPS 2015 (one constant); Rastegari et al.,
XNOR-Net, ECCV 2016 (binary-weight networks: the mean magnitude of each output channel, first and
last layer real). Activations stay real in both. All learn from scratch, as long as the network
with real weights; beside them is that network with its weights rounded to signs afterwards.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from compressed_detector.classics.baselines import Baseline, convolutional
from compressed_detector.classics.binary_weights import (
    FLOAT_BYTES,
    connected,
    connecting,
    inner_kernels,
    packed_bytes,
)
from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.measurements import layer_macs
from compressed_detector.classics.results import Cell, Figure, Result, Table
from compressed_detector.classics.significance import Paired, points_apart
from compressed_detector.compression.forms import Form, project

RULES = {'rounded': 'rounded afterwards', 'connect': 'BinaryConnect', 'xnor': 'XNOR weights'}
PLACES = {'inner': 'all but the first and the last', 'all': 'all layers'}
# Top-1 accuracy of AlexNet on ImageNet, 56.8 % with binary weights and 56.6 % with real ones
# (XNOR-Net, table 1), and the error on MNIST, 1.29 % and 1.30 % (BinaryConnect, table 2).
PAPER_CHANGES = {('xnor', 'inner'): 0.2, ('connect', 'all'): 0.01}


@dataclass(frozen=True)
class Binary:
    """Accuracies (0 to 1), one per seed, of a network with binary weights, and its cost."""

    rule: str
    place: str
    accuracies: tuple[float, ...]
    size_bytes: int
    multiplications: int


@dataclass(frozen=True)
class Study:
    """Binary networks beside the one with real weights."""

    title: str
    dense: tuple[float, ...]
    size_bytes: int
    macs: int
    binary: tuple[Binary, ...]

    def of(self, rule: str, place: str) -> Binary:
        """Return the network of a rule with these layers binary."""
        (found,) = (item for item in self.binary if (item.rule, item.place) == (rule, place))
        return found


def run(lab: Lab) -> Result:
    """Learn with binary weights, by every rule, with and without the outer layers."""
    study = _study(lab, convolutional(lab))
    return Result(tuple(_figures(study)), findings(study), (_table(study),))


def _study(lab: Lab, baseline: Baseline) -> Study:
    dense = tuple(baseline.dense_accuracy(lab, seed) for seed in lab.seeds)
    classifier = baseline.dense(lab, lab.seeds[0]).classifier
    return Study(
        baseline.title, dense, FLOAT_BYTES * classifier.parameters,
        sum(layer_macs(classifier).values()),
        tuple(_binary(lab, baseline, rule, place) for rule in RULES for place in PLACES))


def _binary(lab: Lab, baseline: Baseline, rule: str, place: str) -> Binary:
    found = [learned(lab, baseline, rule, place, seed) for seed in lab.seeds]
    names = chosen(found[0], place)
    macs = layer_macs(found[0])
    return Binary(
        rule, place,
        tuple(lab.accuracy(f'{baseline.name}-{rule}-{place}-{seed}', classifier)
              for seed, classifier in zip(lab.seeds, found)),
        packed_bytes(found[0].weights, dict.fromkeys(names, rule != 'connect')),
        # Signs add and subtract; what is left of them is a product per scale, not counted here.
        sum(count for layer, count in macs.items() if f'{layer}_weight' not in names))


def chosen(classifier: Classifier, place: str) -> tuple[str, ...]:
    """Return the kernels that are binary."""
    return inner_kernels(classifier) if place == 'inner' else classifier.kernels


def learned(lab: Lab, baseline: Baseline, rule: str, place: str, seed: int) -> Classifier:
    """Return the network with binary weights, rounded afterwards or learned as such."""
    if rule == 'rounded':
        dense = baseline.dense(lab, seed).classifier
        return _projected(dense, chosen(dense, place))
    start = baseline.make(seed)
    names = chosen(start, place)
    key = f'{baseline.name}-{rule}-{place}-{seed}'
    if rule == 'xnor':
        trial = Trial(start, {name: Form(binary=True) for name in names})
        return lab.train(key, trial, baseline.lesson(), seed).classifier
    latent = lab.train(key, Trial(start), baseline.lesson(), seed, disguise=connecting(names))
    weights = latent.classifier.weights
    return start.with_weights(
        {**weights, **{name: connected(weights[name]) for name in names}})


def _projected(classifier: Classifier, names: Collection[str]) -> Classifier:
    weights = classifier.weights
    return classifier.with_weights({
        **weights, **{name: project(weights[name], Form(binary=True)) for name in names}})


def findings(study: Study) -> tuple[str, ...]:
    """Return what one network shows of the rules."""
    sentences = []
    for item in study.binary:
        test = _against_real(study, item)
        sentences.append(
            f'{study.title}, {RULES[item.rule]}, {PLACES[item.place]}: {test.mean:+.2f} points '
            f'against real weights (p = {test.p_value:.3f}), '
            f'{study.size_bytes / item.size_bytes:.1f} times fewer bytes.')
    for place in PLACES:
        xnor, connect = (study.of(rule, place).accuracies for rule in ('xnor', 'connect'))
        test = points_apart(xnor, connect)
        sentences.append(
            f'{study.title}, {PLACES[place]} binary: a magnitude per output channel is '
            f'{test.mean:+.2f} points from one constant (p = {test.p_value:.3f}).')
    return tuple(sentences)


def _against_real(study: Study, item: Binary) -> Paired:
    return points_apart(item.accuracies, study.dense)


def _figures(study: Study) -> list[Figure]:
    figures = [Figure.over_seeds(f'accuracy_real, {study.title}', study.dense),
               Figure(f'bytes_real, {study.title}', study.size_bytes, unit='bytes')]
    for item in study.binary:
        name = f'{item.rule}_{item.place}, {study.title}'
        changes = [100 * (one - other) for one, other in zip(item.accuracies, study.dense)]
        figures += [
            Figure.over_seeds(f'accuracy_{name}', item.accuracies),
            Figure.over_seeds(f'change_{name}', changes,
                              PAPER_CHANGES.get((item.rule, item.place)), 'points'),
            Figure(f'bytes_{name}', item.size_bytes, unit='bytes'),
        ]
    return figures


def _table(study: Study) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ('real weights', '', study.macs, study.size_bytes, 1.0, *_accuracy(study.dense))]
    rows += [
        (RULES[item.rule], PLACES[item.place], item.multiplications, item.size_bytes,
         round(study.size_bytes / item.size_bytes, 2), *_accuracy(item.accuracies))
        for item in study.binary]
    return Table(
        f'{study.title} with binary weights ({study.macs} MACs in all of them)',
        ('weights', 'binary layers', 'multiplications', 'bytes', 'ratio', 'accuracy %', 'spread'),
        tuple(rows))


def _accuracy(values: tuple[float, ...]) -> tuple[float, float]:
    figure = Figure.over_seeds('', values)
    return round(100 * figure.here, 2), round(100 * figure.spread, 2)


BINARY = Experiment(
    'binary', 'Binary weights: BinaryConnect and XNOR-Net',
    ('Courbariaux, Bengio, David, BinaryConnect: Training Deep Neural Networks with Binary '
     'Weights during Propagations, NeurIPS 2015',
     'Rastegari et al., XNOR-Net: ImageNet Classification Using Binary Convolutional Neural '
     'Networks, ECCV 2016'),
    run,
)
