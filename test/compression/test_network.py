# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Networks as data: shapes by hand, and what does not fit is refused by name."""

import dataclasses

import numpy as np
import pytest
from small_networks import random_weights, tiny_network

from compressed_detector.compression.cost import cost, layer_macs
from compressed_detector.compression.network import (
    INPUT,
    Add,
    Concat,
    Conv,
    Layer,
    MaxPool,
    Network,
    ResizeLike,
)
from compressed_detector.errors import CompressionError


def with_weight(name: str, array: np.ndarray) -> Network:
    network = tiny_network()
    return dataclasses.replace(network, weights={**network.weights, name: array})


def test_shapes_follow_strides_and_weights() -> None:
    shapes = tiny_network().shapes(32)
    assert shapes['a'] == (16, 16, 8)
    assert shapes['pool'] == (8, 8, 8)
    assert shapes['both'] == (8, 8, 16)
    assert shapes['c'] == (4, 4, 8)
    assert shapes['up'] == shapes['sum'] == (8, 8, 8)
    assert shapes['d'] == (8, 8, 5)


def test_odd_sizes_are_rounded_up_by_a_stride() -> None:
    weights = random_weights({'a': (3, 3, 3, 4)})
    network = Network((Conv('a', (INPUT,), 2, None),), {'a': 'a'}, weights)
    assert network.shapes(7)['a'] == (4, 4, 4)


def test_macs_are_those_counted_by_hand() -> None:
    macs = layer_macs(tiny_network(), 32)
    assert macs == {
        'a': 16 * 16 * 3 * 3 * 3 * 8, 'b': 8 * 8 * 3 * 3 * 8 * 8,
        'c': 4 * 4 * 3 * 3 * 16 * 8, 'd': 8 * 8 * 8 * 5,
    }
    assert cost(tiny_network(), 32).macs == sum(macs.values())
    assert cost(tiny_network(), 32).params == (216 + 576 + 1152 + 40) + (8 + 8 + 8 + 5)


def test_nanodet_g_costs_what_is_published(network: Network) -> None:
    figures = cost(network, 416)
    assert round(figures.macs / 1e9, 3) == 2.090
    assert figures.params == 3_786_068
    assert layer_macs(network, 416)['conv28'] == 52 * 52 * 9 * 128 * 128
    assert len(network.convolutions) == 34


def test_nanodet_g_has_its_fused_features_by_name(network: Network) -> None:
    shapes = network.shapes(416)
    assert shapes['pan_8'] == (52, 52, 128)
    assert shapes['pan_16'] == (26, 26, 128)
    assert shapes['pan_32'] == (13, 13, 128)


def test_missing_and_surplus_weights_are_named() -> None:
    network = tiny_network()
    weights = dict(network.weights)
    weights['z_bias'] = weights.pop('d_bias')
    with pytest.raises(CompressionError, match=r"missing \['d_bias'\], of no layer \['z_bias'\]"):
        dataclasses.replace(network, weights=weights)


@pytest.mark.parametrize(('name', 'shape', 'message'), [
    ('b_weight', (3, 3, 7, 8), r'b_weight: expected shape \(k, k, 8, channels out\)'),
    ('b_weight', (2, 2, 8, 8), 'with k odd'),
    ('b_weight', (3, 1, 8, 8), 'b_weight'),
    ('b_weight', (3, 3, 8), 'b_weight'),
    ('b_bias', (7,), r'b_bias: expected shape \(8,\), got \(7,\)'),
])
def test_weight_of_another_shape_is_refused(
    name: str, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(CompressionError, match=message):
        with_weight(name, np.zeros(shape, np.float32)).shapes(32)


@pytest.mark.parametrize('value', [np.inf, np.nan])
def test_weight_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(CompressionError, match='d: expected finite weights'):
        with_weight('d_bias', np.full(5, value, np.float32)).shapes(32)


@pytest.mark.parametrize(('layer', 'message'), [
    (Add('x', ('a', 'b')), 'expected inputs of one shape'),
    (Concat('x', ('a', 'b')), 'expected inputs of one size'),
    (MaxPool('x', ('c',)), 'expected an even size, got 3x3'),
])
def test_layer_that_cannot_take_its_inputs_is_named(layer: Layer, message: str) -> None:
    network = tiny_network()
    wrong = dataclasses.replace(network, layers=(*network.layers, layer))
    with pytest.raises(CompressionError, match=f"layer 'x': {message}"):
        wrong.shapes(24)


@pytest.mark.parametrize(('layer', 'message'), [
    (ResizeLike('x', ('a', 'later')), r"'x': expected inputs computed before it, got \['later'\]"),
    (Add('a', ('a', 'a')), "one layer of the name 'a'"),
])
def test_layers_in_disorder_are_refused(layer: Layer, message: str) -> None:
    network = tiny_network()
    with pytest.raises(CompressionError, match=message):
        dataclasses.replace(network, layers=(*network.layers, layer))


def test_output_of_no_layer_is_refused() -> None:
    with pytest.raises(CompressionError, match=r"outputs: .* got \['nowhere'\]"):
        dataclasses.replace(tiny_network(), outputs={'fine': 'nowhere'})
