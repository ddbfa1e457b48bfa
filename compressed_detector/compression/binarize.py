# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Binary weights: a sign each, and one scale per output channel.

Courbariaux, Bengio, David, BinaryConnect, NeurIPS 2015; the scale that is nearest in the sense of
least squares, the mean magnitude, is that of Rastegari et al., XNOR-Net, ECCV 2016, equation 6.
Activations stay as they are: a .tflite file computes with floats or int8 anyway, so that one bit
per weight is for the size of a .dcz file, not for time.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.forms import Form, project
from compressed_detector.compression.layer_choice import LayerChoice
from compressed_detector.config.options import option


@dataclass(frozen=True)
class Binarize(LayerChoice):
    """The recipe's stage ``binarize``; in a model's name ``bin``."""

    spare_first: bool = option(True, 'Leave the first convolution as it is.')
    spare_last: bool = option(
        True, 'Leave the convolutions as they are that compute the outputs.')

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return 'bin'

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        return forecast.then(bits=1.0)

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """Return the build with binary weights in place of whatever ties there were."""
        weights, forms = dict(build.network.weights), dict(build.forms)
        for conv in self.chosen(build.network):
            name = conv.weight_name
            forms[name] = Form(binary=True)
            weights[name] = project(weights[name], forms[name])
        network = dataclasses.replace(build.network, weights=weights)
        return build.then({'binarize': dataclasses.asdict(self)}, network=network, forms=forms)
