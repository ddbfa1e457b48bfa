# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The networks for ImageNet that Deep Compression was shown on, and what was published of them.

Han, Mao, Dally, Deep Compression, ICLR 2016: tables 1 (size, top-5 accuracy), 4 (AlexNet) and 5
(VGG-16). The sizes and accuracies of GoogLeNet and ResNet-18 are from later talks of Han's, which
give no densities: those here are this project's, about what the paper leaves of convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from compressed_detector.classics.accounting import Bits
from compressed_detector.classics.classifier import Weights
from compressed_detector.classics.networks import alexnet, googlenet, resnet18, vgg16
from compressed_detector.classics.networks.wiring import Shapes, described

CONV_BITS, DENSE_BITS = 8, 5
STEM_DENSITY, OTHER_DENSITY = 0.6, 0.3


@dataclass(frozen=True)
class PublishedSize:
    """Sizes in the unit of the table; accuracies are top-5 on ImageNet, from 0 to 1."""

    parameters: int
    dense_mb: float
    compressed_mb: float
    ratio: float
    accuracy_dense: float
    accuracy_compressed: float


@dataclass(frozen=True)
class Architecture:
    """
    A network in its published shape, and the same for small pictures.

    ``huffman`` are published sizes of layers, as shares of the dense ones, where there are any;
    ``normalized`` says that the published network has batch norm.
    """

    name: str
    title: str
    paper: PublishedSize
    build: Callable[[Weights], Any]
    shapes: Shapes
    build_small: Callable[[Weights], Any]
    small_shapes: Shapes
    densities: Mapping[str, float]
    gap_bits: int
    huffman: Mapping[str, float] = field(default_factory=dict)
    densities_published: bool = True
    normalized: bool = False

    @property
    def weights(self) -> Weights:
        """The published shapes of all weights, which take no memory."""
        return described(self.shapes, self.normalized)

    def bits(self, layer: str) -> Bits:
        """Return the published bits of a layer: of a code, and of a gap."""
        code = CONV_BITS if len(self.shapes[layer]) == 4 else DENSE_BITS
        return Bits(code, self.gap_bits)


def _alike(shapes: Shapes) -> dict[str, float]:
    return {layer: OTHER_DENSITY if index else STEM_DENSITY for index, layer in enumerate(shapes)}


ALEXNET = Architecture(
    'alexnet', 'AlexNet', PublishedSize(60_965_224, 240, 6.9, 35, 0.8027, 0.8030),
    alexnet.build, alexnet.shapes(), alexnet.build_small, alexnet.small_shapes(),
    {'conv1': 0.84, 'conv2': 0.38, 'conv3': 0.35, 'conv4': 0.37, 'conv5': 0.37,
     'fc6': 0.09, 'fc7': 0.09, 'fc8': 0.25},
    4,
    {'conv1': 0.2053, 'conv2': 0.0943, 'conv3': 0.0844, 'conv4': 0.0911, 'conv5': 0.0943,
     'fc6': 0.0239, 'fc7': 0.0246, 'fc8': 0.0585},
)
VGG16 = Architecture(
    'vgg16', 'VGG-16', PublishedSize(138_357_544, 550, 11.3, 49, 0.8868, 0.8909),
    vgg16.build, vgg16.shapes(), vgg16.build_small, vgg16.small_shapes(),
    {'conv1_1': 0.58, 'conv1_2': 0.22, 'conv2_1': 0.34, 'conv2_2': 0.36, 'conv3_1': 0.53,
     'conv3_2': 0.24, 'conv3_3': 0.42, 'conv4_1': 0.32, 'conv4_2': 0.27, 'conv4_3': 0.34,
     'conv5_1': 0.35, 'conv5_2': 0.29, 'conv5_3': 0.36, 'fc6': 0.04, 'fc7': 0.04, 'fc8': 0.23},
    5,
)
GOOGLENET = Architecture(
    'googlenet', 'GoogLeNet', PublishedSize(6_998_552, 28, 2.8, 10, 0.8890, 0.8892),
    googlenet.build, googlenet.shapes(), googlenet.build_small, googlenet.small_shapes(),
    _alike(googlenet.shapes()), 5, densities_published=False,
)
RESNET18 = Architecture(
    'resnet18', 'ResNet-18', PublishedSize(11_689_512, 44.6, 4.0, 11, 0.8924, 0.8928),
    resnet18.build, resnet18.shapes(), resnet18.build_small, resnet18.small_shapes(),
    _alike(resnet18.shapes()), 5, densities_published=False, normalized=True,
)
ARCHITECTURES = {item.name: item for item in (ALEXNET, VGG16, GOOGLENET, RESNET18)}
