# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The steps of Deep Compression on the small variants of networks for ImageNet.

They learn with batch norm, whether the published network has it or not: without, the deep ones
would take more time than there is. It is folded before anything is compressed.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from compressed_detector.classics.accounting import Bits
from compressed_detector.classics.classifier import Classifier, initialized
from compressed_detector.classics.data import Dataset, Samples
from compressed_detector.classics.deep_compression_steps import TUNING_RATE, share_kernels
from compressed_detector.classics.folding import folded
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.learning import Lesson
from compressed_detector.classics.networks.imagenet import DENSE_BITS, Architecture
from compressed_detector.classics.networks.wiring import described
from compressed_detector.classics.pruning import NEXT, Gradual, prune_gradually
from compressed_detector.detection.types import Indices

SIDE = 32
TEST_PICTURES = 10000
# The pictures that the statistics of batch norm are taken from.
FOLDING_PICTURES = 1000
# Of convolutions, a codebook of more than 31 values has at most one for so many weights: else
# codebooks would be most of the file.
WEIGHTS_PER_VALUE = 8


@dataclass(frozen=True)
class Effort:
    """How much is learned: pictures, and epochs of the steps."""

    pictures: int
    dense: Lesson
    pruning: Gradual
    tuning: Lesson

    @property
    def retraining_epochs(self) -> int:
        """The epochs from the dense network to the compressed one."""
        return self.pruning.epochs + self.tuning.epochs


FULL = Effort(
    30000, Lesson(8, learning_rate=2e-3, batch_size=64),
    Gradual(4, Lesson(2, learning_rate=5e-4, batch_size=64), Lesson(6, batch_size=64)),
    Lesson(2, learning_rate=TUNING_RATE, batch_size=64),
)
QUICK = Effort(
    1000, Lesson(5, learning_rate=2e-3, batch_size=32),
    Gradual(2, Lesson(1, batch_size=32), Lesson(2, batch_size=32)),
    Lesson(1, learning_rate=TUNING_RATE, batch_size=32),
)


def part_of(data: Dataset, pictures: int) -> Dataset:
    """
    Return the data with so many training pictures, drawn at random; all padded to 32x32.

    The test is on others of the training pictures, where there are enough, the last ones of that
    order: plans were changed after they had been seen to fail on the test pictures, and on the
    first ones of the others.
    """
    # Not the first ones: some data are sorted by classes.
    order = np.random.default_rng(0).permutation(len(data.train))
    train, other = order[:pictures], order[-TEST_PICTURES:]
    test = _picked(data.train, other) if is_blind(data, pictures) else data.test
    return dataclasses.replace(data, train=_picked(data.train, train), test=test).padded(SIDE)


def is_blind(data: Dataset, pictures: int) -> bool:
    """Return whether there are enough pictures that no plan has seen, for a test."""
    return len(data.train) >= pictures + TEST_PICTURES


def _picked(samples: Samples, rows: Indices) -> Samples:
    return Samples(samples.images[rows], samples.labels[rows])


@dataclass(frozen=True)
class Steps:
    """The steps for one seed, in a lab with the data of part_of; each is done once."""

    lab: Lab
    architecture: Architecture
    effort: Effort
    seed: int

    def key(self, step: str) -> str:
        """Return the key of a step."""
        return f'{self.architecture.name}-{step}-{self.seed}'

    def dense(self) -> Trial:
        """Return the trained network, batch norm folded."""
        start = Classifier(self.architecture.name, self.architecture.build_small,
                           described(self.architecture.small_shapes))
        return self.lab.trial(self.key('dense'), start, self._trained)

    def _trained(self) -> Trial:
        shapes = described(self.architecture.small_shapes, norm=True)
        start = initialized(
            self.architecture.name, self.architecture.build_small, shapes, self.seed)
        trained = self.lab.train(
            self.key('normalized'), Trial(start), self.effort.dense, self.seed)
        batch = self.lab.data.train.first(FOLDING_PICTURES)
        return Trial(folded(trained.classifier, batch))

    def dense_as_long(self) -> Trial:
        """Return the dense network, trained on for as long as the compressed one."""
        lesson = dataclasses.replace(
            self.effort.pruning.last, epochs=self.effort.retraining_epochs)
        return self.lab.train(self.key('longer'), self.dense(), lesson, self.seed + NEXT)

    def pruned(self) -> Trial:
        """Return the network with the published densities."""
        densities = {f'{layer}_weight': density
                     for layer, density in self.architecture.densities.items()}
        return prune_gradually(self.lab, self.key('pruned'), self.dense(), densities,
                               self.effort.pruning, self.seed)

    def bits(self) -> dict[str, Bits]:
        """Return the bits of each kernel, by the name of the weights."""
        return {f'{layer}_weight': dataclasses.replace(
                    self.architecture.bits(layer), code=self._code_bits(layer))
                for layer in self.architecture.small_shapes}

    def _code_bits(self, layer: str) -> int:
        """Return the published bits, or fewer where a codebook would be too large."""
        weights = math.prod(self.architecture.small_shapes[layer])
        values = weights * self.architecture.densities[layer] / WEIGHTS_PER_VALUE
        return max(DENSE_BITS, min(self.architecture.bits(layer).code, int(math.log2(values))))

    def shared(self) -> Trial:
        """Return the network with codebooks, their entries trained."""
        shared = share_kernels(self.pruned(), self.bits())
        return self.lab.train(self.key('shared'), shared, self.effort.tuning,
                              self.seed + 9 * NEXT)
