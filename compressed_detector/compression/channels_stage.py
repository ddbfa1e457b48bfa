# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that removes channels: every tensor they are in becomes smaller."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compressed_detector.compression import channel_search, channels
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibrated import Measure, refuse_ties
from compressed_detector.compression.channels import Coupling, Kept
from compressed_detector.compression.cost import cost
from compressed_detector.compression.curvature import draw_for, taylor_saliencies
from compressed_detector.compression.evidence import gather
from compressed_detector.compression.fitting import Fitted, fit_in_order
from compressed_detector.compression.moments import Doubles, Moments
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import Report
from compressed_detector.compression.refit import refit
from compressed_detector.config.options import option


@dataclass(frozen=True)
class PruneChannels(Fitted):
    """
    The recipe's stage ``prune_channels``; in a model's name ``ch75``.

    The least salient channels go, eight at a time, where they cost least per multiply-accumulate
    saved. Then layer by layer, in the order of computation, each is fitted to what it computed
    before, from the channels that are left (He et al., Channel Pruning for Accelerating Very
    Deep Neural Networks, ICCV 2017, fit by least squares, too).
    """

    percent: int = option(
        75, 'Multiply-accumulates that are left, of 100.', minimum=5, maximum=100)
    criterion: str = option(
        'energy', 'What a channel is worth: what the weights that read it make of its variance at '
        "the outputs, or Taylor's |gradient x activation|.", choices=('energy', 'taylor'))

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'ch{self.percent}'

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build with fewer channels; raises CompressionError."""
        refuse_ties(build, 'prune_channels')
        network, size = build.network, workplace.input_size
        coupling = channels.couple(network)
        values = self._saliency(build, workplace, coupling)
        measure = self.measure(build, workplace, 'prune_channels')
        removed = channel_search.choose(network, size, coupling, values, self.percent / 100)
        kept = channels.keeps(coupling, removed)
        narrow = channels.remove(network, coupling, removed)
        fitted = fit_narrow(narrow, kept, measure, self.ridge, workplace.report)
        note = {'prune_channels': {
            **dataclasses.asdict(self), 'macs': cost(fitted, size).macs,
            'channels': {conv.name: int(kept[conv.name].sum()) for conv in network.convolutions},
        }}
        return build.then(note, network=fitted)

    def _saliency(self, build: Build, workplace: Workplace, coupling: Coupling) -> Doubles:
        """Return how much each set of coupled channels matters, (sets,)."""
        if self.criterion == 'energy':
            evidence = gather(self, build, workplace, 'prune_channels')
            return channels.energy_saliency(build.network, coupling, evidence)
        of_layers = taylor_saliencies(
            build.network, self.pictures(workplace, 'prune_channels')(), workplace.input_size,
            draw_for(workplace.architecture), self.seed,
        )
        return channels.summed_saliency(coupling, of_layers)


def fit_narrow(
    network: Network, kept: Mapping[str, Kept], measure: Measure, strength: float, report: Report
) -> Network:
    """
    Return a network from which channels were removed, fitted to what those left should compute.

    ``kept`` says which of the reference's channels are left, by layer. Raises CompressionError.
    """
    def fit(network: Network, name: str, moments: Moments) -> Network:
        left = moments.of_targets(np.flatnonzero(kept[name]))
        return refit(network, name, left, strength)

    changed = [conv.name for conv in network.convolutions if not kept[conv.inputs[0]].all()]
    return fit_in_order(network, changed, measure, fit, report)
