# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Least-squares repair of convolutions whose inputs have changed (ridge regression)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from compressed_detector.compression.moments import Doubles, Moments
from compressed_detector.compression.network import Network
from compressed_detector.compression.training.parameters import Net, Weighted
from compressed_detector.detection.types import Floats

# Of the mean square of an input: a smaller variance is none.
ROUNDING = 1e-12


class Affine(Protocol):
    """A convolution, or a dense layer: names that its kernel and its bias are found under."""

    @property
    def name(self) -> str:
        """The layer's name."""

    @property
    def weight_name(self) -> str:
        """The key of the kernel, whose last axis is the outputs, among the weights."""

    @property
    def bias_name(self) -> str:
        """The key of the bias among the weights."""


@dataclass(frozen=True, eq=False)
class Fit:
    """
    The affine map from patches to pre-activations that fits best.

    ``kernel`` is (patch, channels out), ``bias`` (channels out,). ``metric`` is the regularised
    covariance of the patches (patch, patch): any other kernel W, with its best bias, is worse by
    trace((W - kernel)' metric (W - kernel)) per sample.
    """

    kernel: Doubles
    bias: Doubles
    metric: Doubles


def ridge(moments: Moments, strength: float, prior: Doubles) -> Fit:
    """
    Return the kernel and bias that fit the targets best in the sense of ridge regression.

    They minimise the mean of |W' x + b - y|^2 plus ``strength`` times the mean variance of the
    inputs times |W - prior|^2: what the samples do not determine stays as in ``prior`` (patch,
    channels out). The bias is free. (Hoerl and Kennard, Ridge Regression, Technometrics 1970.)
    """
    covariance = moments.covariance
    size = len(covariance)
    scale = float(np.trace(covariance)) / size
    if scale <= ROUNDING * np.trace(moments.gram) / moments.samples:
        scale = 1.0  # inputs that never vary determine nothing: any strength keeps the prior
    metric = covariance + strength * scale * np.eye(size)
    kernel = prior + np.linalg.solve(metric, moments.cross_covariance - covariance @ prior)
    return Fit(kernel, best_bias(kernel, moments), metric)


def best_bias(kernel: Doubles, moments: Moments) -> Doubles:
    """Return the bias (channels out,) with which a kernel (patch, channels out) fits best."""
    bias: Doubles = moments.mean_target - moments.mean_input @ kernel
    return bias


def matrix(network: Weighted, layer: Affine) -> Doubles:
    """Return a layer's kernel as a float64 matrix (patch, channels out)."""
    kernel = network.weights[layer.weight_name]
    return kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)


def refit(network: Network, name: str, moments: Moments, strength: float) -> Network:
    """
    Return the network with one convolution fitted to targets, from what it has now.

    ``moments`` are those of its inputs in this network, one target for each of its channels.
    """
    (conv,) = (layer for layer in network.convolutions if layer.name == name)
    fit = ridge(moments, strength, matrix(network, conv))
    return with_weights(network, {
        conv.weight_name: fit.kernel.reshape(network.weights[conv.weight_name].shape),
        conv.bias_name: fit.bias,
    })


def with_weights(network: Net, arrays: Mapping[str, Doubles]) -> Net:
    """Return the network with some of its weights replaced, as float32."""
    changed: Any = network
    replaced: Net = dataclasses.replace(
        changed, weights={**network.weights, **as_floats(arrays)})
    return replaced


def as_floats(arrays: Mapping[str, Doubles]) -> dict[str, Floats]:
    """Return arrays as weights are stored, float32."""
    return {name: array.astype(np.float32) for name, array in arrays.items()}
