# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Quantization in floating point: what a quantized network computes, with gradients.

Values are rounded to the grid that the converter gives to the same tensor, and stay floats;
gradients pass as if nothing had been rounded (the straight-through estimator). Training with it
is quantization-aware (Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference, CVPR 2018), and the converter takes grids from it.
"""

from __future__ import annotations

import functools
from typing import Any

from compressed_detector.compression.keras_network import After
from compressed_detector.compression.ranges import Ranges
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.parameters import Disguise


def rounded_activations(ranges: Ranges) -> After:
    """
    Return what build_model has to do after each tensor: round it to int8 over its range.

    The grid has 256 values, 0 among them, evenly from low to high; values beyond are clipped, and
    get no gradient. Tensors without a range pass.
    """
    layer = _rounding_layer()

    def after(name: str, tensor: Any) -> Any:
        if name not in ranges:
            return tensor
        return layer(*ranges[name], name=f'{name}_rounded')(tensor)

    return after


def rounded_weights(bits: int) -> Disguise:
    """
    Return what to compute with in place of each weight: kernels rounded, biases as they are.

    A kernel (height, width, in, out) has a grid for each output channel: 2^bits - 1 values, from
    minus to plus its largest magnitude.
    """
    def disguise(name: str, tensor: Any) -> Any:
        return round_kernel(tensor, bits) if len(tensor.shape) == 4 else tensor

    return disguise


def round_kernel(kernel: Any, bits: int) -> Any:
    """Return a kernel (height, width, in, out) on its grid of 2^bits - 1 values per channel."""
    tf = tensorflow()
    kernel = tf.convert_to_tensor(kernel)
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(kernel), axis=(0, 1, 2)))
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, -largest, largest, num_bits=bits, narrow_range=True
    )


@functools.cache
def _rounding_layer() -> Any:
    tf = tensorflow()
    base: Any = tf.keras.layers.Layer

    class Rounding(base):
        """Rounds its input to int8 over a range that does not learn."""

        def __init__(self, low: float, high: float, **options: Any) -> None:
            super().__init__(**options)
            self.low, self.high = low, high

        def call(self, inputs: Any) -> Any:
            return tf.quantization.fake_quant_with_min_max_args(inputs, self.low, self.high)

    return Rounding
