# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Corrected biases take back the mean error of rounded kernels, and nothing else changes."""

import numpy as np
import pytest
from calibration_pictures import pictures
from small_networks import tiny_network

from compressed_detector.compression.bias_correction import correct_biases
from compressed_detector.compression.fake_quant import round_kernel
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import silent

BITS = 4


@pytest.fixture(scope='module')
def corrected() -> Network:
    return correct_biases(tiny_network(), tiny_network(), BITS, pictures(0, 4), silent)


def means(network: Network, name: str) -> np.ndarray:
    """The mean of what a convolution computes, before its activation, (channels,)."""
    model = build_model(network, 32)
    layer = model.get_layer(name)
    compute = type(model)(model.input, layer.output)
    return np.mean([np.asarray(compute(image)).mean(axis=(0, 1, 2)) for image in pictures(0, 4)],
                   axis=0)


def test_kernels_are_rounded_and_nothing_else(corrected: Network) -> None:
    network = tiny_network()
    for conv in network.convolutions:
        np.testing.assert_array_equal(
            corrected.weights[conv.weight_name],
            round_kernel(network.weights[conv.weight_name], BITS))


@pytest.mark.parametrize('name', ['a', 'b', 'c', 'd'])
def test_mean_of_every_channel_is_that_before_rounding(corrected: Network, name: str) -> None:
    np.testing.assert_allclose(means(corrected, name), means(tiny_network(), name), atol=1e-4)


def test_without_correction_the_means_differ() -> None:
    network = tiny_network()
    rounded = {name: np.asarray(round_kernel(array, BITS)) if array.ndim == 4 else array
               for name, array in network.weights.items()}
    plain = Network(network.layers, network.outputs, rounded)
    assert abs(means(plain, 'd') - means(network, 'd')).max() > 1e-2


def test_every_convolution_is_reported() -> None:
    calls = []
    correct_biases(
        tiny_network(), tiny_network(), 8, pictures(0, 1), lambda *call: calls.append(call))
    assert calls == [('correcting biases', number, 4) for number in (1, 2, 3, 4)]
