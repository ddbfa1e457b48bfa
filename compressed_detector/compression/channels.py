# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Channels that stand and fall together, and their removal from every tensor they are in.

A channel is made by a convolution and passes through poolings, concatenations and resizings to
its consumers. An addition ties those of its inputs pairwise: removed from one, a channel has to
go from the other. All channels that are tied form one set, known by a number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compressed_detector.compression.evidence import Evidence
from compressed_detector.compression.moments import Doubles
from compressed_detector.compression.network import (
    INPUT,
    Add,
    Concat,
    Conv,
    Layer,
    Network,
    Normalize,
)
from compressed_detector.compression.refit import matrix
from compressed_detector.detection.types import Floats, Indices
from compressed_detector.errors import CompressionError

Kept = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Coupling:
    """
    Which set every channel of every result belongs to.

    ``sets`` holds the numbers of the sets, (channels,) per layer and for INPUT. ``fixed``
    (sets,) is True where a set cannot be removed: it is of the image, or of an output.
    """

    sets: Mapping[str, Indices]
    fixed: Kept

    @property
    def count(self) -> int:
        """The number of sets."""
        return len(self.fixed)


def couple(network: Network) -> Coupling:
    """Return which channels of a network are tied."""
    members: dict[str, Indices] = {INPUT: np.arange(network.input_channels)}
    parents = list(range(network.input_channels))
    for layer in network.layers:
        if isinstance(layer, Conv):
            made = network.weights[layer.bias_name].size
            members[layer.name] = np.arange(len(parents), len(parents) + made)
            parents.extend(range(len(parents), len(parents) + made))
        elif isinstance(layer, Concat):
            members[layer.name] = np.concatenate([members[name] for name in layer.inputs])
        else:
            members[layer.name] = members[layer.inputs[0]]
        if isinstance(layer, Add):
            for one, other in zip(*(members[name].tolist() for name in layer.inputs)):
                parents[_root(parents, one)] = _root(parents, other)
    roots = np.array([_root(parents, member) for member in range(len(parents))])
    numbers = np.unique(roots, return_inverse=True)[1]
    sets = {name: numbers[of_layer] for name, of_layer in members.items()}
    fixed = np.zeros(int(numbers.max()) + 1, bool)
    for name in (INPUT, *network.outputs.values()):
        fixed[sets[name]] = True
    return Coupling(sets, fixed)


def _root(parents: list[int], member: int) -> int:
    while parents[member] != member:
        parents[member] = parents[parents[member]]
        member = parents[member]
    return member


def remove(network: Network, coupling: Coupling, removed: Indices) -> Network:
    """
    Return the network without some sets of channels: smaller tensors, the same names.

    Raises CompressionError when a set is fixed or a convolution would be left without channels.
    """
    if coupling.fixed[removed].any():
        raise CompressionError('expected channels that can be removed, got some of the image or '
                               'of an output')
    kept = keeps(coupling, removed)
    weights: dict[str, Floats] = {}
    for conv in network.convolutions:
        if not kept[conv.name].any():
            raise CompressionError(f'{conv.name}: expected a channel to be left, all are removed')
        weights[conv.weight_name] = network.weights[conv.weight_name][
            :, :, kept[conv.inputs[0]]][..., kept[conv.name]]
        weights[conv.bias_name] = network.weights[conv.bias_name][kept[conv.name]]
    layers = tuple(_narrowed(layer, kept) for layer in network.layers)
    return dataclasses.replace(network, layers=layers, weights=weights)


def keeps(coupling: Coupling, removed: Indices) -> dict[str, Kept]:
    """Return which channels of every result are kept, (channels,) each."""
    return {name: ~np.isin(sets, removed) for name, sets in coupling.sets.items()}


def _narrowed(layer: Layer, kept: Mapping[str, Kept]) -> Layer:
    if not isinstance(layer, Normalize):
        return layer
    of_layer = kept[layer.name]
    return dataclasses.replace(
        layer, mean=tuple(np.array(layer.mean)[of_layer].tolist()),
        std=tuple(np.array(layer.std)[of_layer].tolist()),
    )


def energy_saliency(
    network: Network, coupling: Coupling, evidence: Evidence
) -> Doubles:
    """
    Return what the outputs lose with each set, were the sets independent, (sets,).

    That is the variance of a channel times what the weights that read it make of it at the
    outputs, summed over the taps of all kernels. The mean of a channel is no loss: the biases
    make up for it. ``evidence`` holds every convolution.
    """
    saliency = np.zeros(coupling.count)
    for conv in network.convolutions:
        moments, curvature = evidence[conv.name]
        weights = matrix(network, conv)
        lost = np.diag(moments.covariance) * np.sum(weights @ curvature * weights, axis=1)
        read = coupling.sets[conv.inputs[0]]
        np.add.at(saliency, read, lost.reshape(-1, len(read)).sum(axis=0))
    return saliency


def summed_saliency(coupling: Coupling, of_layers: Mapping[str, Doubles]) -> Doubles:
    """
    Return the saliency of each set, (sets,), from those of the channels of some layers.

    For saliencies of the channels of convolutions: Taylor's (see curvature).
    """
    saliency = np.zeros(coupling.count)
    for name, of_layer in of_layers.items():
        np.add.at(saliency, coupling.sets[name], of_layer)
    return saliency
