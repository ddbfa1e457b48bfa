# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stages that remove single weights: to a density, or N of every M input channels."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibrated import Calibrated
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.layer_choice import LayerChoice
from compressed_detector.compression.network import Network
from compressed_detector.compression.sparsify import (
    METHODS,
    SCOPES,
    prune_n_of_m,
    prune_network,
)
from compressed_detector.config.options import option
from compressed_detector.errors import CompressionError


@dataclass(frozen=True)
class Prune(Calibrated, LayerChoice):
    """
    The recipe's stage ``prune``; in a model's name ``prune50``.

    Pictures are only looked at by obd and obs, which measure what the layers' inputs are.
    """

    removed_percent: int = option(
        50, 'Weights that are removed, of 100.', minimum=1, maximum=99)
    method: str = option(
        'magnitude', 'What decides: the size of a weight, or what removing it costs.',
        choices=METHODS)
    scope: str = option(
        'layer', 'The same density in every layer, or one threshold for all.', choices=SCOPES)

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'prune{self.removed_percent}'

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        if self.method == 'magnitude':
            looked = forecast
        else:
            looked = forecast.measured(self.calibration_images)
        return looked.then(density=1 - self.removed_percent / 100)

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build with weights removed; raises CompressionError."""
        measure = None
        if self.method != 'magnitude':
            measure = self.measure(build, workplace, 'prune')
        network, forms = prune_network(
            build.network, build.forms, 1 - self.removed_percent / 100,
            self.chosen(build.network), self.method, self.scope, measure, report=workplace.report,
        )
        note = {'prune': {**dataclasses.asdict(self), 'density': density(network)}}
        return build.then(note, network=network, forms=forms)


@dataclass(frozen=True)
class PruneNofM(Calibrated, LayerChoice):
    """
    The recipe's stage ``prune_nm``; in a model's name ``nm2of4``.

    Kernels whose input channels do not fall into groups of M stay as they are.
    """

    kept: int = option(2, 'Input channels that are kept of a group.', minimum=1, maximum=15)
    group: int = option(4, 'Input channels of a group.', minimum=2, maximum=16)
    method: str = option(
        'magnitude', 'What decides: the size of a weight, or what removing it costs.',
        choices=('magnitude', 'obs'))

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'nm{self.kept}of{self.group}'

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        return forecast.then(density=forecast.density * self.kept / self.group)

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build with weights removed; raises CompressionError."""
        if self.kept >= self.group:
            raise CompressionError(
                f'stage prune_nm: expected fewer kept than the group has, got {self.code}')
        measure = None
        if self.method != 'magnitude':
            measure = self.measure(build, workplace, 'prune_nm')
        network, forms = prune_n_of_m(
            build.network, build.forms, self.kept, self.group, self.chosen(build.network),
            self.method, measure, workplace.report,
        )
        note = {'prune_nm': {**dataclasses.asdict(self), 'density': density(network)}}
        return build.then(note, network=network, forms=forms)


def density(network: Network) -> float:
    """Return the share of the kernels' weights that are not zero."""
    kernels = [network.weights[conv.weight_name] for conv in network.convolutions]
    left = sum(int(np.count_nonzero(kernel)) for kernel in kernels)
    return round(left / sum(kernel.size for kernel in kernels), 4)
