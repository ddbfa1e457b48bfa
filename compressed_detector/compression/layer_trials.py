# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What an error of each layer does to the outputs, found by trying.

Rounding leaves errors of weights, which are the same all over a picture: later layers add them up.
A curvature of single places (see curvature) misses that, and takes early layers too lightly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.moments import Doubles
from compressed_detector.compression.network import Network
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats

Outputs = list[Floats]
Layer = tuple[Doubles, Doubles]


def trial_harms(
    network: Network, trials: Mapping[str, Layer], energies: Mapping[str, float],
    pictures: Sequence[Floats], input_size: int,
) -> dict[str, float]:
    """
    Return the outputs' relative square error per square error of a layer, by layer.

    ``trials`` are kernels (n, channels out) with biases (channels out,), each a layer's with a
    small error; ``energies`` the mean square errors of their results, summed over channels. The
    network computes the pictures (1, input_size, input_size, channels) with one of them at a time.
    """
    model = build_model(network, input_size)
    compute = tensorflow().function(model)

    def outputs() -> Outputs:
        return [np.asarray(compute(picture)[role]) for picture in pictures
                for role in network.outputs]

    expected, harms = outputs(), {}
    variance = sum(float(values.var()) * values.size for values in expected)
    for name, (kernel, bias) in trials.items():
        layer = model.get_layer(name)
        before = layer.get_weights()
        layer.set_weights([kernel.reshape(before[0].shape), bias])
        error = sum(float(np.square(got - wanted).sum())
                    for got, wanted in zip(outputs(), expected))
        layer.set_weights(before)
        harms[name] = error / (variance or 1.0) / energies[name]
    return harms


def with_error(
    kernel: Doubles, upper: Doubles, energy: float, random: np.random.Generator
) -> Doubles:
    """
    Return a kernel (n, outputs) with the kind of error that rounding with compensation leaves.

    ``upper`` is the factor of the inverse Hessian (see sweep.factor). The layer's mean square
    error, summed over outputs, is about ``energy``.
    """
    # The metric of upper' e is that of independent errors e: n for each output.
    noise = upper.T @ random.normal(size=kernel.shape)
    changed: Doubles = kernel + noise * np.sqrt(energy / kernel.size)
    return changed
