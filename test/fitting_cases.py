# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of stages that fit weights to pictures have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from small_networks import random_weights

from compressed_detector.compression.architectures import ARCHITECTURES
from compressed_detector.compression.build import Workplace
from compressed_detector.compression.calibrated import Measure
from compressed_detector.compression.moments import Sampling, convolution_moments
from compressed_detector.compression.network import INPUT, Conv, Network
from compressed_detector.compression.progress import silent

EVERY_PLACE = Sampling(10**6, 0)


def wide_network() -> Network:
    """Two convolutions that are worth making smaller, and one that is not."""
    layers = (
        Conv('a', (INPUT,), 2, 0.1), Conv('b', ('a',), 2, 0.1), Conv('c', ('b',), 1, None),
    )
    shapes = {'a': (3, 3, 3, 24), 'b': (3, 3, 24, 24), 'c': (1, 1, 24, 5)}
    return Network(layers, {'out': 'c'}, random_weights(shapes))


def measure_of(reference: Network, images: Sequence[np.ndarray]) -> Measure:
    """Moments of all places of square images (1, size, size, channels)."""
    return lambda network, names: convolution_moments(
        network, reference, names, images, images[0].shape[1], EVERY_PLACE)


def workplace(network: Network, images: Path | None, size: int) -> Workplace:
    """A place for networks whose outputs mean nothing in particular."""
    architecture = dataclasses.replace(ARCHITECTURES['nanodet_g'], head='none')
    return Workplace(architecture, size, images, silent, network)


def layer_error(change: np.ndarray, metric: np.ndarray) -> float:
    """What a change of a layer's kernel (n, outputs) costs: surgeon minimises it."""
    return float(np.sum(change * (metric @ change)) / 2)
