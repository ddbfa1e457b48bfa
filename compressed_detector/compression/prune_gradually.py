# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that removes weights step by step, training after every step."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.distill import Distill
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.layer_choice import LayerChoice
from compressed_detector.compression.masks import densities
from compressed_detector.compression.sparsify import SCOPES, prune_network
from compressed_detector.config.options import option


@dataclass(frozen=True)
class PruneGradually(Distill, LayerChoice):
    """
    The recipe's stage ``prune_gradually``; in a model's name ``gprune80x5`` in five steps.

    Han et al., Learning both Weights and Connections for Efficient Neural Networks, NeurIPS
    2015, with the densities of Zhu and Gupta, 2017 (see masks): the smallest weights go, the
    others learn to do without them from the dense network, and so on.
    """

    key: ClassVar[str] = 'prune_gradually'

    removed_percent: int = option(
        80, 'Weights that are removed in the end, of 100.', minimum=1, maximum=99)
    steps: int = option(5, 'Steps to get there.', minimum=1, maximum=100)
    epochs: int = option(
        1, 'How often every picture is seen after every step.', minimum=1, maximum=1000)
    scope: str = option(
        'global', 'The same density in every layer, or one threshold for all.', choices=SCOPES)

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'gprune{self.removed_percent}x{self.steps}'

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        trained = forecast.trained(self.steps * self.epochs * pictures)
        return trained.then(density=1 - self.removed_percent / 100)

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build with weights removed; raises CompressionError."""
        for number, density in enumerate(densities(self.steps, 1 - self.removed_percent / 100)):
            network, forms = prune_network(
                build.network, build.forms, density, self.chosen(build.network), scope=self.scope)
            pruned = dataclasses.replace(build, network=network, forms=forms)
            folder = workplace.folder and workplace.folder / f'{number + 1:02d}'
            build = super().apply(pruned, dataclasses.replace(workplace, folder=folder))
        return build
