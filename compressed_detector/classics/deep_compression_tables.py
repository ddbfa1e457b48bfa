# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What Deep Compression reports of the two LeNets, layer by layer.

Han, Mao, Dally, Deep Compression: Compressing Deep Neural Networks with Pruning, Trained
Quantization and Huffman Coding, ICLR 2016: tables 1 (size, error), 2 and 3 (layers), on MNIST.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compressed_detector.classics.accounting import Bits

MNIST_SAMPLES = 60000


@dataclass(frozen=True)
class PaperLayer:
    """
    A row: the share of weights left, the bits of a code and a gap, and what Huffman makes of them.

    ``shared`` and ``huffman`` are the sizes before and after Huffman coding, as shares of the
    dense layer's.
    """

    density: float
    bits: Bits
    code_bits: float
    gap_bits: float
    shared: float
    huffman: float


@dataclass(frozen=True)
class PaperNetwork:
    """A network's rows by the name of the weights, and what comes out of them."""

    layers: Mapping[str, PaperLayer]
    ratio: float
    accuracy_dense: float
    accuracy_compressed: float

    @property
    def densities(self) -> dict[str, float]:
        """The share of weights left, by the name of the weights."""
        return {name: layer.density for name, layer in self.layers.items()}

    @property
    def bits(self) -> dict[str, Bits]:
        """The bits before Huffman coding, by the name of the weights."""
        return {name: layer.bits for name, layer in self.layers.items()}


PAPER: Mapping[str, PaperNetwork] = {
    'lenet_300_100': PaperNetwork({
        'ip1_weight': PaperLayer(0.08, Bits(6, 5), 4.4, 3.7, 0.031, 0.0232),
        'ip2_weight': PaperLayer(0.09, Bits(6, 5), 4.4, 4.3, 0.038, 0.0304),
        'ip3_weight': PaperLayer(0.26, Bits(6, 5), 4.3, 3.2, 0.157, 0.1270),
    }, 40, 0.9836, 0.9842),
    'lenet_5': PaperNetwork({
        'conv1_weight': PaperLayer(0.66, Bits(8, 5), 7.2, 1.5, 0.785, 0.6745),
        'conv2_weight': PaperLayer(0.12, Bits(8, 5), 7.2, 3.9, 0.06, 0.0528),
        'ip1_weight': PaperLayer(0.08, Bits(5, 5), 4.5, 4.5, 0.027, 0.0245),
        'ip2_weight': PaperLayer(0.19, Bits(5, 5), 5.2, 3.7, 0.069, 0.0613),
    }, 39, 0.9920, 0.9926),
}
