# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Convolutions factored into two: k x k to few channels, then 1x1 to all of them.

The factors come from reduced-rank regression of the pre-activations (Izenman, Reduced-Rank
Regression for the Multivariate Linear Model, 1975; for convolutional networks Zhang et al.,
Accelerating Very Deep Convolutional Networks, 2015): of all pairs of such convolutions they fit
the targets best, where an error counts by what it does to the outputs (see curvature). With
inputs that are white and errors that count alike it is the singular value decomposition.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from compressed_detector.compression.moments import Doubles, Moments
from compressed_detector.compression.network import Conv, Layer, Network
from compressed_detector.compression.refit import Fit, as_floats, best_bias, matrix, ridge
from compressed_detector.errors import CompressionError

REDUCE_SUFFIX = '_reduce'
# Of the mean curvature: no direction counts for nothing, since pictures are only a sample.
FLOOR = 1e-3


@dataclass(frozen=True, eq=False)
class Spectrum:
    """
    A fit in its principal directions, the most important first.

    ``energies`` (channels out,) say what the outputs lose without each direction. ``into``
    (channels out, channels out) maps pre-activations to the directions, ``back`` is its inverse.
    Cutting after the first r directions is the best map of rank r; it costs the sum of the other
    energies.
    """

    fit: Fit
    energies: Doubles
    into: Doubles
    back: Doubles

    def lost(self, rank: int) -> float:
        """Return the energy that a map of this rank lacks."""
        return float(self.energies[rank:].sum())


@dataclass(frozen=True, eq=False)
class Factors:
    """``reduce`` (patch, rank) and ``expand`` (rank, channels out): their product is the map."""

    reduce: Doubles
    expand: Doubles


def spectrum(fit: Fit, curvature: Doubles) -> Spectrum:
    """
    Return the principal directions of a fit.

    An error e of the pre-activations counts as e' curvature e (channels out, channels out); with
    the unit matrix all channels count alike.
    """
    channels = len(curvature)
    floor = FLOOR * (np.trace(curvature) / channels or 1.0)
    values, vectors = np.linalg.eigh(curvature + floor * np.eye(channels))
    stretch = vectors * np.sqrt(values)
    stretched = fit.kernel @ stretch
    energies, directions = np.linalg.eigh(stretched.T @ fit.metric @ stretched)
    energies, directions = np.maximum(energies[::-1], 0), directions[:, ::-1]
    shrink = (vectors / np.sqrt(values)).T
    return Spectrum(fit, energies, stretch @ directions, directions.T @ shrink)


def factors(parts: Spectrum, rank: int) -> Factors:
    """
    Return the best factors of a rank.

    What each of the reduced channels carries is shared evenly between the two factors: neither
    training nor quantization then finds one of them in another order of magnitude.
    """
    strongest = parts.energies[:1].max(initial=0)
    root = np.maximum(parts.energies[:rank], strongest * np.finfo(np.float32).eps) ** 0.25
    root[root == 0] = 1  # nothing varies at all
    reduce = parts.fit.kernel @ parts.into[:, :rank] / root
    return Factors(reduce, parts.back[:rank] * root[:, None])


def rank_limit(network: Network, conv: Conv) -> int:
    """Return the rank from which on two convolutions are no cheaper than the one."""
    patch, channels = matrix(network, conv).shape
    return -(-patch * channels // (patch + channels))


def candidates(network: Network) -> tuple[Conv, ...]:
    """Return the convolutions that can be factored: neither of a pair is."""
    names = {layer.name for layer in network.layers}
    return tuple(
        conv for conv in network.convolutions
        if conv.name + REDUCE_SUFFIX not in names and not conv.name.endswith(REDUCE_SUFFIX)
    )


def fit_convolution(
    network: Network, conv: Conv, moments: Moments, curvature: Doubles, strength: float
) -> Spectrum:
    """Return the principal directions of a convolution fitted to the targets of its moments."""
    return spectrum(ridge(moments, strength, matrix(network, conv)), curvature)


def factor(
    network: Network, name: str, moments: Moments, curvature: Doubles, rank: int, strength: float
) -> Network:
    """
    Return the network with one convolution replaced by ``<name>_reduce`` and a 1x1 ``<name>``.

    Together they are the map of this rank that fits the targets best (see refit.ridge and
    spectrum). The second one keeps name and activation, so that what refers to it stays. Raises
    CompressionError when the convolution is none or is factored already.
    """
    by_name = {conv.name: conv for conv in candidates(network)}
    if name not in by_name:
        raise CompressionError(f'expected a convolution to factor, one of {sorted(by_name)}, '
                               f'got {name!r}')
    conv = by_name[name]
    pair = factors(fit_convolution(network, conv, moments, curvature, strength), rank)
    reduce = Conv(name + REDUCE_SUFFIX, conv.inputs, conv.stride, None, conv.before)
    expand = Conv(name, (reduce.name,), 1, conv.negative_slope)
    layers: list[Layer] = []
    for layer in network.layers:
        layers.extend([reduce, expand] if layer is conv else [layer])
    kernel_shape = (*network.weights[conv.weight_name].shape[:3], rank)
    weights = {**network.weights, **as_floats({
        reduce.weight_name: pair.reduce.reshape(kernel_shape),
        reduce.bias_name: np.zeros(rank),
        expand.weight_name: pair.expand[None, None],
        expand.bias_name: best_bias(pair.reduce @ pair.expand, moments),
    })}
    return dataclasses.replace(network, layers=tuple(layers), weights=weights)
