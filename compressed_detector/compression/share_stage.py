# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that has weights share the values of a codebook."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibrated import Calibrated
from compressed_detector.compression.clustering import STARTS
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.layer_choice import LayerChoice
from compressed_detector.compression.saliency import gram_diagonal
from compressed_detector.compression.sharing import share_network
from compressed_detector.config.options import option


@dataclass(frozen=True)
class Share(Calibrated, LayerChoice):
    """
    The recipe's stage ``share``; in a model's name ``share5``.

    With ``importance: hessian`` the inputs are looked at, and errors of weights count by how
    strong the inputs are that they weigh.
    """

    bits: int = option(5, 'Bits of a weight: 2^bits values in a layer.', minimum=2, maximum=8)
    start: str = option('linear', 'What k-means begins with.', choices=STARTS)
    importance: str = option(
        'equal', 'How the errors of weights count.', choices=('equal', 'hessian'))

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'share{self.bits}'

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        return forecast.then(bits=float(self.bits))

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build with shared weights; raises CompressionError."""
        convolutions = self.chosen(build.network)
        importance = None
        if self.importance == 'hessian':
            measure = self.measure(build, workplace, 'share')
            moments = measure(build.network, [conv.name for conv in convolutions])
            importance = {
                conv.weight_name: gram_diagonal(
                    moments[conv.name].gram, build.network.weights[conv.weight_name].shape)
                for conv in convolutions
            }
        network, forms = share_network(
            build.network, build.forms, [conv.weight_name for conv in convolutions],
            2 ** self.bits, self.start, importance, self.seed,
        )
        return build.then({'share': dataclasses.asdict(self)}, network=network, forms=forms)
