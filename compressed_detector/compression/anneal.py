# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that turns every LeakyReLU into a ReLU, which runtimes fuse into the convolution."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, ClassVar

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.distill import Distill, Pupil
from compressed_detector.compression.keras_network import tensor_name
from compressed_detector.compression.network import Conv, Layer, Network
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.config.options import option


@dataclass(frozen=True)
class Anneal(Distill):
    """
    The recipe's stage ``anneal``; in a model's name ``relu8`` after 8 epochs.

    The slopes of negative values fall to zero from epoch to epoch in the first part of the
    training, and the network learns from the dense one to do without them.
    """

    key: ClassVar[str] = 'anneal'

    epochs: int = option(8, 'How often every picture is seen.', minimum=1, maximum=1000)
    falling: float = option(
        0.5, 'The part of the training in which slopes fall.', minimum=0.0, maximum=1.0)

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'relu{self.epochs}'

    def pupil(self, build: Build, workplace: Workplace) -> Pupil:
        """Return the network that ends with ReLUs, computed with slopes until then."""
        left = tensorflow().Variable(1.0, trainable=False)
        active = {tensor_name(conv) for conv in build.network.convolutions
                  if conv.negative_slope}

        def after(name: str, tensor: Any) -> Any:
            return _leak()(left, name=f'{name}_annealed')(tensor) if name in active else tensor

        def begin_epoch(epoch: int) -> None:
            left.assign(self.slope_left(epoch))

        flat = dataclasses.replace(build, network=without_slopes(build.network))
        return Pupil(flat, after, begin_epoch=begin_epoch, computed=build.network)

    def slope_left(self, epoch: int) -> float:
        """Return what is left of the slopes in an epoch, counted from 0: 1 first, 0 at last."""
        last = self.falling * (self.epochs - 1)
        return max(0.0, 1 - epoch / last) if last > 0 else 0.0


def without_slopes(network: Network) -> Network:
    """Return the network with ReLUs in place of its LeakyReLUs, and the same weights."""
    def flat(layer: Layer) -> Layer:
        if isinstance(layer, Conv) and layer.negative_slope:
            return dataclasses.replace(layer, negative_slope=0.0)
        return layer

    return dataclasses.replace(network, layers=tuple(map(flat, network.layers)))


@functools.cache
def _leak() -> Any:
    tf = tensorflow()
    base: Any = tf.keras.layers.Layer

    class Leak(base):
        """Multiplies negative values by a variable from 0 to 1."""

        def __init__(self, factor: Any, **options: Any) -> None:
            super().__init__(**options)
            self._factor = factor

        def call(self, inputs: Any) -> Any:
            return tf.maximum(inputs, self._factor * inputs)

    return Leak
