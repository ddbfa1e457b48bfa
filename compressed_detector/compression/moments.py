# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Second moments of what convolutions see and should compute, over calibration pictures.

They are all that a least-squares fit needs: whatever the number of pictures, a convolution's
inputs become one matrix, and another network's pre-activations become the targets of the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import INPUT, Conv, Network
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats, Indices
from compressed_detector.errors import CompressionError

Doubles = npt.NDArray[np.float64]
# Maps network inputs (1, height, width, channels) to the results of layers (height, width,
# channels) by name.
Features = Callable[[Floats], Mapping[str, Floats]]


@dataclass(frozen=True, eq=False)
class Moments:
    """
    Sums of products over samples, float64, not centred.

    A sample is an input x: the patch under the kernel, in the order of the kernel's first three
    axes, and a constant 1 as the last of its ``size``; and a target y, the pre-activations of a
    reference. ``gram`` is the sum of x x' (size, size), ``cross`` of x y' (size, targets) and
    ``target`` of y y' (targets, targets).
    """

    gram: Doubles
    cross: Doubles
    target: Doubles
    samples: int

    @property
    def mean_input(self) -> Doubles:
        """The mean of the patches, (size - 1,)."""
        mean: Doubles = self.gram[-1, :-1] / self.samples
        return mean

    @property
    def mean_target(self) -> Doubles:
        """The mean of the targets, (targets,)."""
        mean: Doubles = self.cross[-1] / self.samples
        return mean

    @property
    def covariance(self) -> Doubles:
        """The covariance of the patches, (size - 1, size - 1)."""
        mean = self.mean_input
        covariance: Doubles = self.gram[:-1, :-1] / self.samples - np.outer(mean, mean)
        return covariance

    @property
    def cross_covariance(self) -> Doubles:
        """The covariance of patches and targets, (size - 1, targets)."""
        means = np.outer(self.mean_input, self.mean_target)
        covariance: Doubles = self.cross[:-1] / self.samples - means
        return covariance

    @property
    def target_energy(self) -> float:
        """The sum of the targets' variances."""
        return float(np.trace(self.target) / self.samples - np.sum(self.mean_target ** 2))

    def of_targets(self, kept: Indices) -> Moments:
        """Return the moments with some of the targets only, in the given order."""
        return Moments(
            self.gram, self.cross[:, kept], self.target[np.ix_(kept, kept)], self.samples
        )


@dataclass(frozen=True)
class Sampling:
    """Up to ``positions`` places of a layer's result are taken per picture, by the seed."""

    positions: int
    seed: int

    def choose(self, height: int, width: int, picture: int) -> tuple[Indices, Indices]:
        """Return rows and columns, (n,) each: the same for the same size and picture."""
        count = min(self.positions, height * width)
        random = np.random.default_rng((self.seed, picture, height, width))
        chosen = random.choice(height * width, count, replace=False)
        return chosen // width, chosen % width


def patches(features: Floats, conv: Conv, kernel_size: int, at: tuple[Indices, Indices]
            ) -> Doubles:
    """
    Return what a convolution sees of (height, width, channels) at places of its result.

    (n, kernel_size * kernel_size * channels + 1), the last column 1.
    """
    edges = [conv.padding(side, kernel_size) for side in features.shape[:2]]
    padded = np.pad(features, (*edges, (0, 0)))
    rows, columns = at[0] * conv.stride, at[1] * conv.stride
    taps = [
        padded[rows + row, columns + column]
        for row in range(kernel_size) for column in range(kernel_size)
    ]
    return np.concatenate([*taps, np.ones((len(rows), 1))], axis=1, dtype=np.float64)


def convolution_moments(
    student: Network, reference: Network, names: Sequence[str], pictures: Iterable[Floats],
    input_size: int, sampling: Sampling,
) -> dict[str, Moments]:
    """
    Return the moments of the named convolutions' inputs in a student, by name.

    The targets are the pre-activations that convolutions of the same names have in a reference,
    at the same places of the same pictures (1, input_size, input_size, channels). Only names and
    the sizes of results have to agree: a reduction that came before a convolution, or channels
    that went, are no matter. Raises CompressionError.
    """
    student_side, reference_side = (_Side(net, names, input_size) for net in (student, reference))
    for name in names:
        expected, got = reference_side.sizes[name], student_side.sizes[name]
        if expected != got:
            raise CompressionError(f'{name}: expected a result of {expected[0]}x{expected[1]} as '
                                   f'in the reference, got {got[0]}x{got[1]}')
    sums = {name: Sums() for name in names}
    for picture, pixels in enumerate(pictures):
        given, wanted = student_side.features(pixels), reference_side.features(pixels)
        for name in names:
            at = sampling.choose(*student_side.sizes[name], picture)
            inputs = student_side.patches(name, given, at)
            sums[name].add(inputs, reference_side.pre_activations(name, wanted, at))
    return {name: sums[name].moments() for name in names}


class Sums:
    """Collects the moments of one convolution."""

    def __init__(self) -> None:
        self._sums: list[Doubles] = []
        self._samples = 0

    def add(self, inputs: Doubles, targets: Doubles) -> None:
        """Count (samples, size) inputs and (samples, targets) targets in."""
        products = [inputs.T @ inputs, inputs.T @ targets, targets.T @ targets]
        self._samples += len(inputs)
        if not self._sums:
            self._sums = products
        for total, product in zip(self._sums, products):
            if total is not product:
                total += product

    def moments(self) -> Moments:
        """Return what was counted; raises CompressionError when that is nothing."""
        if not self._sums:
            raise CompressionError('moments: expected pictures to calibrate on, got none')
        gram, cross, target = self._sums
        return Moments(gram, cross, target, self._samples)


class _Side:
    """One of two networks that are compared: what its named convolutions see and compute."""

    def __init__(self, network: Network, names: Sequence[str], input_size: int) -> None:
        convolutions = {conv.name: conv for conv in network.convolutions}
        missing = [name for name in names if name not in convolutions]
        if missing:
            raise CompressionError(f'expected convolutions {list(names)}, missing {missing}')
        self._convolutions: dict[str, Conv] = {name: convolutions[name] for name in names}
        self._network = network
        shapes = network.shapes(input_size)
        self.sizes = {name: shapes[name][:2] for name in names}
        self.features = feature_extractor(
            network, [conv.inputs[0] for conv in self._convolutions.values()], input_size
        )

    def patches(
        self, name: str, features: Mapping[str, Floats], at: tuple[Indices, Indices]
    ) -> Doubles:
        """Return what the convolution sees at places of its result, (samples, size)."""
        conv = self._convolutions[name]
        kernel_size = self._network.weights[conv.weight_name].shape[0]
        return patches(features[conv.inputs[0]], conv, kernel_size, at)

    def pre_activations(
        self, name: str, features: Mapping[str, Floats], at: tuple[Indices, Indices]
    ) -> Doubles:
        """Return what it computes there before its activation, (samples, channels out)."""
        conv = self._convolutions[name]
        kernel = self._network.weights[conv.weight_name].astype(np.float64)
        weights = np.vstack([
            kernel.reshape(-1, kernel.shape[3]), self._network.weights[conv.bias_name]
        ])
        result: Doubles = self.patches(name, features, at) @ weights
        return result


def feature_extractor(network: Network, names: Sequence[str], input_size: int) -> Features:
    """
    Return a function from (1, input_size, input_size, channels) to the results of layers.

    The results are (height, width, channels) by name; INPUT is a name, too.
    """
    layers = {name: name for name in names if name != INPUT}
    if not layers:
        return lambda pixels: {INPUT: pixels[0]}
    compute = tensorflow().function(build_model(network, input_size, layers))

    def extract(pixels: Floats) -> Mapping[str, Floats]:
        results = {name: np.asarray(value)[0] for name, value in compute(pixels).items()}
        return {INPUT: pixels[0], **results}

    return extract
