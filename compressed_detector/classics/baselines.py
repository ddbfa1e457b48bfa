# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The dense networks that the experiments of this package begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compressed_detector.classics.classifier import Classifier, initialized
from compressed_detector.classics.data import CLASSES, SIDE
from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.learning import Lesson
from compressed_detector.classics.networks.lenet import (
    LENET_300_100 as LENET_300_100_SHAPES,
)
from compressed_detector.classics.networks.lenet import build_300_100, lenet_5, lenet_300_100

# With --quick: a dozen batches an epoch, where the full data have hundreds.
QUICK_EPOCHS = 20
QUICK_WIDTHS = (60, 30)


@dataclass(frozen=True)
class Baseline:
    """A network, how long it learns from scratch, and how long it is retrained."""

    name: str
    title: str
    make: Callable[[int], Classifier]
    epochs: int
    retraining_epochs: int

    def lesson(self) -> Lesson:
        """Return how it learns from scratch."""
        return Lesson(self.epochs)

    def retraining(self) -> Lesson:
        """Return how it learns again what compression made it forget."""
        return Lesson(self.retraining_epochs)

    def dense(self, lab: Lab, seed: int) -> Trial:
        """Return the trained network; done once."""
        key = f'{self.name}-dense-{seed}'
        return lab.train(key, Trial(self.make(seed)), self.lesson(), seed)

    def dense_accuracy(self, lab: Lab, seed: int) -> float:
        """Return the trained network's share of test samples that it knows."""
        return lab.accuracy(f'{self.name}-dense-{seed}', self.dense(lab, seed).classifier)


LENET_300_100 = Baseline('lenet_300_100', 'LeNet-300-100', lenet_300_100, 15, 5)
LENET_5 = Baseline('lenet_5', 'LeNet-5', lenet_5, 5, 2)


def _quick(seed: int) -> Classifier:
    sides = (SIDE * SIDE, *QUICK_WIDTHS, CLASSES)
    return initialized('lenet_quick', build_300_100, {
        name: np.empty(shape, np.float32)
        for name, shape in zip(LENET_300_100_SHAPES, zip(sides, sides[1:]))}, seed)


QUICK_LENET = Baseline('lenet_quick', 'LeNet-60-30', _quick, QUICK_EPOCHS, QUICK_EPOCHS // 2)


def baselines(lab: Lab) -> tuple[Baseline, ...]:
    """Return both LeNets; with --quick a narrow one without convolutions."""
    return (QUICK_LENET,) if lab.quick else (LENET_300_100, LENET_5)


def convolutional(lab: Lab) -> Baseline:
    """Return LeNet-5; with --quick the same as baselines."""
    return QUICK_LENET if lab.quick else LENET_5
