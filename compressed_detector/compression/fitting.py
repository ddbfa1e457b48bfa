# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Fit layer after layer, so that each makes up for the errors of those before it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from compressed_detector.compression.calibrated import Calibrated, Measure
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.moments import Moments
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import Report
from compressed_detector.config.options import option

# Returns the network with the named convolution fitted to the targets of its moments.
FitLayer = Callable[[Network, str, Moments], Network]
# Looks at every picture: one for all layers, and half a network for each of some 30 layers.
PASSES = 16


@dataclass(frozen=True)
class Fitted(Calibrated):
    """The options of stages that give a network less to compute, and fit what is left."""

    percent: int = option(
        80, 'Multiply-accumulates that are left, of 100.', minimum=5, maximum=100)
    ridge: float = option(
        0.1, 'Weight of the present kernel against the fit.', minimum=1e-9, maximum=1e3)

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of the stage, where there are so many pictures."""
        left = self.percent / 100
        looked = forecast.measured(PASSES * min(pictures, self.calibration_images))
        return looked.then(macs=left * forecast.macs, params=left * forecast.params)


def fit_in_order(
    network: Network, changed: Collection[str], measure: Measure, fit: FitLayer, report: Report
) -> Network:
    """
    Return the network with its convolutions fitted, from the first of the changed ones on.

    A layer is fitted on what those before it compute by then. Fitting them all on what the
    network computed before would leave every layer's error to the next one. Raises
    CompressionError.
    """
    names = [conv.name for conv in network.convolutions]
    first = min((names.index(name) for name in changed), default=len(names))
    for done, name in enumerate(names[first:], start=1):
        network = fit(network, name, measure(network, [name])[name])
        report('fitting layers', done, len(names) - first)
    return network
