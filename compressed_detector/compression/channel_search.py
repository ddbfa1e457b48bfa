# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which channels to remove: the least salient per multiply-accumulate saved, eight at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from compressed_detector.compression.channels import Coupling
from compressed_detector.compression.cost import layer_macs
from compressed_detector.compression.moments import Doubles
from compressed_detector.compression.network import Network
from compressed_detector.detection.types import Indices
from compressed_detector.errors import CompressionError

# Kernels of SIMD instructions take channels by eights: others cost as much as the next multiple.
STEP = 8


def choose(
    network: Network, input_size: int, coupling: Coupling, saliency: Doubles, share: float
) -> Indices:
    """
    Return the sets of channels to remove, so that this share of the work is enough.

    Sets that belong to the same convolutions go in groups of eight, the least salient first;
    the last eight stay, and counts become multiples of eight. Of all groups that are next, the
    one goes that has the least saliency (sets,) per multiply-accumulate saved. Raises
    CompressionError when that does not suffice.
    """
    work = _Work(network, input_size, coupling)
    budget = share * work.total
    removed: list[Indices] = []
    queues = [queue for queue in _queues(work, coupling, saliency) if queue]
    while work.total > budget:
        if not queues:
            raise CompressionError(f'expected a budget of at least {work.total} multiply-'
                                   f'accumulates, which eight channels of everything need, got '
                                   f'{budget:.0f}; keep more of them')
        best = min(queues, key=lambda queue: saliency[queue[0]].sum() / work.saved(queue[0]))
        group = best.pop(0)
        work.remove(group)
        removed.append(group)
        queues = [queue for queue in queues if queue]
    return np.sort(np.concatenate(removed)) if removed else np.zeros(0, np.intp)


class _Work:
    """The multiply-accumulates of a network while channels are taken away from it."""

    def __init__(self, network: Network, input_size: int, coupling: Coupling) -> None:
        def counts(name: str) -> Doubles:
            return np.bincount(coupling.sets[name], minlength=coupling.count).astype(np.float64)

        convolutions = network.convolutions
        # How many of a convolution's channels in, or out, are of a set: (convolutions, sets).
        self._inputs = np.array([counts(conv.inputs[0]) for conv in convolutions])
        self.made = np.array([counts(conv.name) for conv in convolutions])
        self._channels_in, self._channels_out = self._inputs.sum(axis=1), self.made.sum(axis=1)
        macs = layer_macs(network, input_size)
        self._per_pair = (np.array([macs[conv.name] for conv in convolutions])
                          / (self._channels_in * self._channels_out))

    @property
    def total(self) -> float:
        """The multiply-accumulates that are left."""
        return float(self._per_pair @ (self._channels_in * self._channels_out))

    def saved(self, group: Indices) -> float:
        """Return how many go with a group of sets."""
        left_in, left_out = self._without(group)
        return self.total - float(self._per_pair @ (left_in * left_out))

    def remove(self, group: Indices) -> None:
        """Take a group of sets away."""
        self._channels_in, self._channels_out = self._without(group)

    def _without(self, group: Indices) -> tuple[Doubles, Doubles]:
        return (self._channels_in - self._inputs[:, group].sum(axis=1),
                self._channels_out - self.made[:, group].sum(axis=1))


def _queues(work: _Work, coupling: Coupling, saliency: Doubles) -> Iterator[list[Indices]]:
    """Yield the groups of sets made by the same convolutions, in the order in which they go."""
    makers, owners = np.unique(work.made.T, axis=0, return_inverse=True)
    for owner in range(len(makers)):
        sets = np.flatnonzero((owners == owner) & ~coupling.fixed)
        ordered = sets[np.argsort(saliency[sets], kind='stable')]
        surplus = len(ordered) % STEP
        ends = range(surplus or STEP, len(ordered) - STEP + 1, STEP)
        yield np.split(ordered, ends)[:-1] if len(ordered) > STEP else []
