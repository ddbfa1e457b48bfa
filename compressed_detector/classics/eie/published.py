# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The fully connected layers that EIE was measured on, and matrices of their shape and density.

Han et al., EIE, ISCA 2016: table III has the shapes and densities, table IV the times. The trained
weights are not here: the matrices are random, each weight kept with the published probability and
given one of 15 values, the same for all. What the trained ones have of structure, rows and columns
fuller than others, these have not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compressed_detector.detection.types import Floats

# Zero is the 16th value of a codebook of 4 bits.
VALUES = 15


@dataclass(frozen=True)
class Published:
    """
    A layer as published: its densities, and its times on EIE with 64 elements, microseconds.

    ``ideal_us`` is the paper's theoretical time: the work by the peak rate.
    """

    outputs: int
    inputs: int
    density: float
    activation_density: float
    ideal_us: float
    actual_us: float


PUBLISHED: Mapping[str, Published] = {
    'Alex-6': Published(4096, 9216, 0.09, 0.351, 28.1, 30.3),
    'Alex-7': Published(4096, 4096, 0.09, 0.353, 11.7, 12.2),
    'Alex-8': Published(1000, 4096, 0.25, 0.375, 8.9, 9.9),
    'VGG-6': Published(4096, 25088, 0.04, 0.183, 28.1, 34.4),
    'VGG-7': Published(4096, 4096, 0.04, 0.375, 7.9, 8.7),
    'VGG-8': Published(1000, 4096, 0.23, 0.411, 7.3, 8.4),
}


def random_matrix(
    shape: tuple[int, int], density: float, random: np.random.Generator
) -> Floats:
    """Return float32 of a shape, each kept with this probability, of at most 15 values."""
    values = random.standard_normal(VALUES, np.float32)
    codes = random.integers(VALUES, size=shape, dtype=np.uint8)
    kept = random.random(shape, np.float32) < density
    return np.where(kept, values[codes], np.float32(0))


def random_activations(size: int, density: float, random: np.random.Generator) -> Floats:
    """Return float32 (size,), of which as many as the density says are positive, others zero."""
    kept = random.permutation(size) < round(density * size)
    positive = 1 - random.random(size, np.float32)
    return np.where(kept, positive, np.float32(0))


class _Drawn(Mapping[str, Floats]):
    """Arrays by layer, drawn when they are asked for: all at once they are some 730 MB."""

    def __init__(self, seed: int, of_activations: bool) -> None:
        self._seed = seed
        self._of_activations = of_activations

    def __getitem__(self, name: str) -> Floats:
        layer = PUBLISHED[name]
        random = np.random.default_rng(
            [self._seed, list(PUBLISHED).index(name), self._of_activations])
        if self._of_activations:
            return random_activations(layer.inputs, layer.activation_density, random)
        return random_matrix((layer.outputs, layer.inputs), layer.density, random)

    def __iter__(self) -> Iterator[str]:
        return iter(PUBLISHED)

    def __len__(self) -> int:
        return len(PUBLISHED)


def published_layers(seed: int) -> tuple[Mapping[str, Floats], Mapping[str, Floats]]:
    """Return matrices (outputs, inputs) and activations (inputs,) by name, see PUBLISHED."""
    return _Drawn(seed, of_activations=False), _Drawn(seed, of_activations=True)
