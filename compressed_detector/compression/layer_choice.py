# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Which convolutions a stage works on: the first, the last and small ones can be spared."""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.compression.network import Conv, Network
from compressed_detector.config.options import Options, option


@dataclass(frozen=True)
class LayerChoice(Options):
    """The convolutions of a network that a stage leaves alone."""

    spare_first: bool = option(False, 'Leave the first convolution as it is.')
    spare_last: bool = option(
        False, 'Leave the convolutions as they are that compute the outputs.')
    spare_below: int = option(
        0, 'Leave kernels with fewer weights than this as they are.', minimum=0)

    def chosen(self, network: Network) -> tuple[Conv, ...]:
        """Return the convolutions that are not spared, in the order of computation."""
        outputs = set(network.outputs.values())
        return tuple(
            conv for index, conv in enumerate(network.convolutions)
            if not (self.spare_first and index == 0)
            and not (self.spare_last and conv.name in outputs)
            and network.weights[conv.weight_name].size >= self.spare_below
        )
