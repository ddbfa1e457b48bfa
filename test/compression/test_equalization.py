# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Equalized networks compute the same, with channels that are more alike."""

import dataclasses

import numpy as np
import pytest
from calibration_pictures import pictures
from small_networks import random_weights, tiny_network

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.channels import couple
from compressed_detector.compression.equalization import equalize, scaled
from compressed_detector.compression.equalize import Equalize
from compressed_detector.compression.forms import Form
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import INPUT, Add, Conv, Network
from compressed_detector.errors import CompressionError


def unequal(network: Network, seed: int = 0) -> Network:
    """The same function, its channels of very different sizes."""
    coupling = couple(network)
    scales = np.exp(np.random.default_rng(seed).normal(0, 2, coupling.count))
    return scaled(network, coupling, np.where(coupling.fixed, 1, scales))


def spread(network: Network, *names: str) -> float:
    """How much the channels of kernels differ: the deviation of the logarithm of their sizes."""
    sizes = [abs(network.weights[f'{name}_weight']).max(axis=(0, 1, 2)) for name in names]
    return float(np.std(np.log(np.concatenate(sizes))))


def difference(one: Network, other: Network) -> float:
    """The largest difference of any output, relative to the largest output."""
    (image,) = pictures(0, 1)
    results = (build_model(network, 32)(image) for network in (one, other))
    return max(float(abs(np.asarray(a) - np.asarray(b)).max() / abs(np.asarray(b)).max())
               for a, b in zip(*(result.values() for result in results)))


def test_outputs_are_unchanged_through_every_kind_of_layer() -> None:
    network = tiny_network()
    assert difference(equalize(network), network) < 1e-5


def test_channels_of_very_different_sizes_become_alike_again() -> None:
    network = unequal(tiny_network())
    equal = equalize(network)
    assert difference(equal, tiny_network()) < 1e-4
    assert spread(equal, 'a') < 0.2 * spread(network, 'a')


def test_result_does_not_depend_on_the_scales_before() -> None:
    one, other = equalize(tiny_network()), equalize(unequal(tiny_network()))
    for name, array in one.weights.items():
        np.testing.assert_allclose(other.weights[name], array, rtol=0.05, atol=1e-4)


def test_equalized_channel_is_made_as_large_as_it_is_read() -> None:
    layers = (Conv('a', (INPUT,), 1, 0.1), Conv('b', ('a',), 1, None))
    shapes = {'a': (3, 3, 3, 4), 'b': (1, 1, 4, 5)}
    equal = equalize(Network(layers, {'out': 'b'}, random_weights(shapes)))
    made = abs(equal.weights['a_weight']).max(axis=(0, 1, 2))
    read = abs(equal.weights['b_weight']).max(axis=(0, 1, 3))
    np.testing.assert_allclose(made, read, rtol=1e-2)


def test_both_inputs_of_an_addition_are_scaled_alike() -> None:
    layers = (
        Conv('a', (INPUT,), 1, 0.1), Conv('b', (INPUT,), 1, None), Add('sum', ('a', 'b')),
        Conv('c', ('sum',), 1, None),
    )
    shapes = {'a': (1, 1, 3, 4), 'b': (1, 1, 3, 4), 'c': (1, 1, 4, 5)}
    network = Network(layers, {'out': 'c'}, random_weights(shapes))
    equal = equalize(network)
    ratios = [equal.weights[f'{name}_weight'] / network.weights[f'{name}_weight']
              for name in ('a', 'b')]
    np.testing.assert_allclose(*ratios, rtol=1e-5)
    assert np.ptp(ratios[0]) > 0.1
    assert difference(equal, network) < 1e-5


def test_outputs_and_the_image_keep_their_scale() -> None:
    network = tiny_network()
    equal = equalize(network)
    # d's inputs are scaled, c's inputs and its outputs, which are also the network's, are not.
    np.testing.assert_array_equal(equal.weights['d_bias'], network.weights['d_bias'])
    np.testing.assert_array_equal(equal.weights['c_bias'], network.weights['c_bias'])


def test_channel_of_zeros_is_left_alone() -> None:
    network = tiny_network()
    kernel = network.weights['a_weight'].copy()
    kernel[..., 2] = 0
    network = dataclasses.replace(network, weights={**network.weights, 'a_weight': kernel})
    equal = equalize(network)
    assert np.isfinite(equal.weights['b_weight']).all()
    assert not equal.weights['a_weight'][..., 2].any()


def stage(build: Build) -> Build:
    workplace = Workplace(None, 32, None, lambda *call: None, build.network)
    return Equalize().apply(build, workplace)


def test_stage_keeps_removed_weights_removed() -> None:
    network = tiny_network()
    mask = np.random.default_rng(0).random(network.weights['b_weight'].shape) < 0.5
    weights = {**network.weights, 'b_weight': np.where(mask, network.weights['b_weight'], 0)}
    build = Build(dataclasses.replace(network, weights=weights), forms={'b_weight': Form(mask)})
    after = stage(build)
    assert not after.network.weights['b_weight'][~mask].any()
    assert after.forms is build.forms
    assert after.notes == ({'equalize': {}},)


def test_stage_refuses_shared_weights() -> None:
    network = tiny_network()
    shared = Form(assignments=np.zeros(network.weights['b_weight'].shape, np.uint8))
    with pytest.raises(CompressionError, match=r"before stages that share .*\['b_weight'\]"):
        stage(Build(network, forms={'b_weight': shared}))
