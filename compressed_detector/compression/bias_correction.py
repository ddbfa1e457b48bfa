# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Biases that make up for the mean error of quantization.

Rounded weights see inputs that are mostly positive, so that their errors add up to a mean other
than zero, which a bias can take back (Nagel et al., ICCV 2019, section 4.2, measured on
pictures as in their appendix). Activations are not rounded here: what the ends of their grids cut
off also has a mean, but taking that back everywhere would harm where nothing is cut off.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from compressed_detector.compression.fake_quant import round_kernel
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import Report
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats


def correct_biases(
    reference: Network, network: Network, bits: int, pictures: Sequence[Floats], report: Report
) -> Network:
    """
    Return the network with kernels rounded to bits and biases corrected, layer by layer in order.

    Then the mean of what every convolution computes before its activation, per output channel
    over the pictures (1, size, size, channels), is that of the reference: layers see what the
    corrected ones before them compute.
    """
    size, names = pictures[0].shape[1], [conv.name for conv in network.convolutions]
    rounded = _with_rounded_kernels(network, bits)
    wanted = _means(build_model(reference, size), names, pictures)
    model = build_model(rounded, size)
    biases = {}
    for number, conv in enumerate(network.convolutions, start=1):
        got = _means(model, [conv.name], pictures)
        kernel, bias = model.get_layer(conv.name).get_weights()
        biases[conv.bias_name] = bias + wanted[conv.name] - got[conv.name]
        model.get_layer(conv.name).set_weights([kernel, biases[conv.bias_name]])
        report('correcting biases', number, len(names))
    return dataclasses.replace(rounded, weights={**rounded.weights, **biases})


def _with_rounded_kernels(network: Network, bits: int) -> Network:
    kernels = {
        conv.weight_name: np.asarray(round_kernel(network.weights[conv.weight_name], bits))
        for conv in network.convolutions
    }
    return dataclasses.replace(network, weights={**network.weights, **kernels})


def _means(model: Any, names: Sequence[str], pictures: Sequence[Floats]) -> dict[str, Floats]:
    """Return the mean of what convolutions compute before their activations, (channels,) each."""
    tf = tensorflow()
    means = {name: tf.keras.ops.mean(model.get_layer(name).output, axis=(0, 1, 2))
             for name in names}
    compute = tf.function(tf.keras.Model(model.input, means))
    seen = [compute(picture) for picture in pictures]
    return {name: np.mean([np.asarray(of_all[name]) for of_all in seen], axis=0)
            for name in names}
