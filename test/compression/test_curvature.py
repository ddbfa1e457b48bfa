# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Curvatures say what an error of a layer does to the outputs, measured by making the error."""

import dataclasses

import numpy as np
import pytest
from small_networks import random_weights, tiny_network

from compressed_detector.compression.architectures import ARCHITECTURES
from compressed_detector.compression.curvature import (
    draw_for,
    gfl_draw,
    output_curvatures,
    signs,
    taylor_saliencies,
)
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import INPUT, Conv, Network
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.errors import CompressionError

SIZE = 8
RANDOM = np.random.RandomState(0)
IMAGE = RANDOM.normal(0, 1, (1, SIZE, SIZE, 3)).astype(np.float32)


def chain(slope: float | None) -> Network:
    layers = (Conv('a', (INPUT,), 1, slope), Conv('b', ('a',), 2, None))
    return Network(layers, {'out': 'b'}, random_weights({'a': (3, 3, 3, 4), 'b': (3, 3, 4, 5)}))


def response(network: Network, at: tuple[int, int], error: np.ndarray) -> float:
    """Squared change of the output when a's pre-activations have an error at one place."""
    tf = tensorflow()
    weights = network.weights
    before = tf.nn.conv2d(IMAGE, weights['a_weight'], 1, 'SAME') + weights['a_bias']
    disturbed = before.numpy()
    disturbed[0, at[0], at[1]] += error
    slope = network.convolutions[0].negative_slope
    outputs = []
    for values in (before, disturbed):
        after = values if slope is None else tf.nn.leaky_relu(values, slope)
        padded = tf.pad(after, [[0, 0], [1, 1], [1, 1], [0, 0]])
        outputs.append(tf.nn.conv2d(padded, weights['b_weight'], 2, 'VALID').numpy())
    return float(np.square(outputs[1] - outputs[0]).sum())


@pytest.mark.parametrize('slope', [None, 0.1])
def test_curvature_is_the_response_to_an_error_summed_over_places(slope: float | None) -> None:
    network = chain(slope)
    curvature = output_curvatures(network, [IMAGE] * 800, SIZE, signs, seed=0)['a']
    for error in (np.array([1.0, 0, 0, 0]), np.array([0.5, -1, 0.5, 1])):
        small = 1e-2 * error
        expected = sum(
            response(network, (row, column), small) for row in range(SIZE)
            for column in range(SIZE)
        )
        assert small @ curvature @ small == pytest.approx(expected, rel=0.1)


def test_layer_that_no_output_reads_has_none() -> None:
    network = dataclasses.replace(chain(None), outputs={'out': 'a'})
    curvatures = output_curvatures(network, [IMAGE], SIZE, signs, seed=0)
    np.testing.assert_array_equal(curvatures['b'], 0)
    np.testing.assert_allclose(np.diag(curvatures['a']), SIZE * SIZE)


def test_taylor_is_what_the_outputs_lose_with_a_channel_where_they_are_linear_in_it() -> None:
    network = chain(0.1)
    got = taylor_saliencies(network, [IMAGE], SIZE, signs, seed=0)['a']
    output = np.asarray(build_model(network, SIZE)(IMAGE)['out'])
    drawn = np.asarray(signs(output, np.array([0, 0], np.int32)))
    for channel in range(4):
        kernel = network.weights['b_weight'].copy()
        kernel[:, :, channel] = 0
        without = dataclasses.replace(network, weights={**network.weights, 'b_weight': kernel})
        lost = output - np.asarray(build_model(without, SIZE)(IMAGE)['out'])
        assert got[channel] == pytest.approx(abs(np.sum(drawn * lost)), rel=1e-4)


def test_every_kind_of_layer_passes_gradients_and_seeds_decide() -> None:
    network = tiny_network()
    image = RANDOM.uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)
    first, again, other = (
        output_curvatures(network, [image], 32, signs, seed) for seed in (0, 0, 7))
    for conv in network.convolutions:
        assert np.trace(first[conv.name]) > 0
        np.testing.assert_array_equal(first[conv.name], again[conv.name])
        assert not np.array_equal(first[conv.name], other[conv.name])


def test_no_pictures_are_refused() -> None:
    with pytest.raises(CompressionError, match='curvatures: expected pictures, got none'):
        output_curvatures(chain(None), [], SIZE, signs, 0)


def test_draw_of_gfl_outputs_has_their_fisher_information_as_covariance() -> None:
    """2 classes and 4 x 3 bins: p (1 - p) per class, max p (diag q - q q') per side."""
    output = RANDOM.normal(0, 1, (1, 1, 1, 14)).astype(np.float32)
    tiled = np.tile(output, (1, 200, 200, 1))
    drawn = np.asarray(gfl_draw(2, 3)(tiled, np.array([0, 1], np.int32))).reshape(-1, 14)
    p = 1 / (1 + np.exp(-output[0, 0, 0, :2]))
    expected = np.zeros((14, 14))
    expected[:2, :2] = np.diag(p * (1 - p))
    for side in range(4):
        bins = slice(2 + 3 * side, 5 + 3 * side)
        q = np.exp(output[0, 0, 0, bins])
        q /= q.sum()
        expected[bins, bins] = p.max() * (np.diag(q) - np.outer(q, q))
    np.testing.assert_allclose(drawn.T @ drawn / len(drawn), expected, atol=0.01)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.01)


def test_curvature_of_a_gfl_head_predicts_the_divergence() -> None:
    """Half of e' C e is the Kullback-Leibler divergence that a small error e of a bias causes."""
    layers = (Conv('a', (INPUT,), 1, None),)
    network = Network(layers, {'out': 'a'}, random_weights({'a': (1, 1, 3, 14)}))
    curvature = output_curvatures(network, [IMAGE] * 300, SIZE, gfl_draw(2, 3), seed=1)['a']
    error = np.zeros(14)
    error[:2] = [0.1, -0.1]
    before = np.asarray(build_model(network, SIZE)(IMAGE)['out'], np.float64)[..., :2]
    p, q = (1 / (1 + np.exp(-logits)) for logits in (before, before + error[:2]))
    divergence = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).sum()
    assert error @ curvature @ error / 2 == pytest.approx(divergence, rel=0.1)


def test_heads_without_a_meaning_are_drawn_evenly() -> None:
    architecture = ARCHITECTURES['nanodet_g']
    assert draw_for(dataclasses.replace(architecture, head='yolox')) is signs
    assert draw_for(architecture) is not signs
