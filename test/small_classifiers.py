# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Small classifiers, and few pictures of which each class is told apart by one bright row."""

from __future__ import annotations

import numpy as np

from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.data import SIDE, Dataset, Samples
from compressed_detector.classics.networks import lenet

CLASSES = 4


def striped(count: int, seed: int = 0) -> Samples:
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, count, dtype=np.uint8)
    images = random.integers(0, 90, (count, SIDE, SIDE), dtype=np.uint8)
    images[np.arange(count), 5 * labels + 4] += 100
    return Samples(images, labels)


def striped_dataset(train: int = 128, test: int = 64) -> Dataset:
    return Dataset('striped', striped(train), striped(test, 1))


def small_dense(seed: int = 0, width: int = 12) -> Classifier:
    """LeNet-300-100 in narrow."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in (('ip1', (SIDE * SIDE, width)), ('ip2', (width, 8)),
                        ('ip3', (8, CLASSES))):
        weights[f'{name}_weight'] = random.normal(
            0, shape[0] ** -0.5, shape).astype(np.float32)
        weights[f'{name}_bias'] = np.zeros(shape[1], np.float32)
    return Classifier('small_dense', lenet.build_300_100, weights)


def small_convolutional(seed: int = 0) -> Classifier:
    """LeNet-5 in narrow."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, shape in (('conv1', (5, 5, 1, 2)), ('conv2', (5, 5, 2, 3)), ('ip1', (48, 8)),
                        ('ip2', (8, CLASSES))):
        size = int(np.prod(shape[:-1]))
        weights[f'{name}_weight'] = random.normal(0, size ** -0.5, shape).astype(np.float32)
        weights[f'{name}_bias'] = random.normal(0, 0.1, shape[-1]).astype(np.float32)
    return Classifier('small_convolutional', lenet.build_5, weights)
