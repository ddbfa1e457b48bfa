# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Moments are those of what the convolutions of the real Keras model see and compute."""

import dataclasses

import numpy as np
import pytest
from small_networks import random_weights, tiny_network

from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.moments import (
    Moments,
    Sampling,
    convolution_moments,
    feature_extractor,
    patches,
)
from compressed_detector.compression.network import INPUT, Conv, Network
from compressed_detector.compression.refit import matrix
from compressed_detector.errors import CompressionError

SIZE = 32
ALL = Sampling(10**6, 0)


def pictures(count: int = 3, size: int = SIZE) -> list[np.ndarray]:
    random = np.random.RandomState(0)
    return [random.uniform(0, 255, (1, size, size, 3)).astype(np.float32) for _ in range(count)]


def conv_of(network: Network, name: str) -> Conv:
    (conv,) = (layer for layer in network.convolutions if layer.name == name)
    return conv


def with_noise(network: Network) -> Network:
    random = np.random.RandomState(5)
    return dataclasses.replace(network, weights={
        name: (array + random.normal(0, 0.1, array.shape)).astype(np.float32)
        for name, array in network.weights.items()
    })


@pytest.mark.parametrize(('kernel_size', 'stride', 'size'), [
    (1, 1, 6), (1, 2, 7), (3, 1, 6), (3, 2, 6), (3, 2, 7), (5, 2, 7),
])
def test_patches_times_kernel_are_the_convolution(
    kernel_size: int, stride: int, size: int
) -> None:
    weights = random_weights({'a': (kernel_size, kernel_size, 2, 4)})
    network = Network((Conv('a', (INPUT,), stride, None),), {'out': 'a'}, weights, 2)
    image = np.random.RandomState(1).normal(size=(1, size, size, 2)).astype(np.float32)
    expected = np.asarray(build_model(network, size)(image)['out'])[0]
    rows, columns = np.indices(expected.shape[:2]).reshape(2, -1)
    seen = patches(image[0], Conv('a', (INPUT,), stride, None), kernel_size, (rows, columns))
    np.testing.assert_array_equal(seen[:, -1], 1)
    got = seen @ np.vstack([matrix(network, conv_of(network, 'a')), weights['a_bias']])
    np.testing.assert_allclose(got, expected.reshape(-1, 4), atol=1e-5)


def test_moments_are_sums_over_all_places_of_all_pictures() -> None:
    student, reference = with_noise(tiny_network()), tiny_network()
    moments = convolution_moments(student, reference, ['c'], pictures(), SIZE, ALL)['c']
    inputs, targets = [], []
    for image in pictures():
        seen = feature_extractor(student, ['both'], SIZE)(image)['both']
        rows, columns = np.indices((4, 4)).reshape(2, -1)
        inputs.append(patches(seen, Conv('a', (INPUT,), 2, None), 3, (rows, columns)))
        after = feature_extractor(reference, ['c'], SIZE)(image)['c'].reshape(-1, 8)
        targets.append(np.where(after < 0, after / 0.1, after))
    x, y = np.vstack(inputs), np.vstack(targets)
    assert moments.samples == 3 * 16
    np.testing.assert_allclose(moments.gram, x.T @ x, rtol=1e-6)
    np.testing.assert_allclose(moments.cross, x.T @ y, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(moments.target, y.T @ y, rtol=1e-4, atol=1e-2)


def test_centred_moments_are_those_of_numpy() -> None:
    x = np.random.RandomState(0).normal(3, 2, (50, 4))
    y = np.random.RandomState(1).normal(-1, 1, (50, 2))
    ones = np.hstack([x, np.ones((50, 1))])
    moments = Moments(ones.T @ ones, ones.T @ y, y.T @ y, 50)
    both = np.cov(x.T, y.T, bias=True)
    np.testing.assert_allclose(moments.covariance, both[:4, :4])
    np.testing.assert_allclose(moments.cross_covariance, both[:4, 4:])
    np.testing.assert_allclose(moments.target_energy, np.trace(both[4:, 4:]))
    np.testing.assert_allclose(moments.of_targets(np.array([1])).cross, moments.cross[:, 1:])
    np.testing.assert_allclose(
        moments.of_targets(np.array([1])).target_energy, both[5, 5]
    )


def test_places_are_drawn_without_repetition_and_differ_between_pictures() -> None:
    sampling = Sampling(20, seed=1)
    rows, columns = sampling.choose(6, 8, picture=0)
    assert len(set(zip(rows.tolist(), columns.tolist()))) == 20
    assert rows.max() < 6
    assert columns.max() < 8
    again = sampling.choose(6, 8, picture=0)
    np.testing.assert_array_equal(again, (rows, columns))
    assert not np.array_equal(sampling.choose(6, 8, picture=1), (rows, columns))
    assert len(sampling.choose(3, 4, picture=0)[0]) == 12


def test_places_are_sampled_alike_in_both_networks() -> None:
    """Of a network against itself, the targets are exactly the kernel's map of the inputs."""
    network = tiny_network()
    moments = convolution_moments(network, network, ['b'], pictures(), SIZE, Sampling(7, 0))['b']
    assert moments.samples == 3 * 7
    weights = np.vstack([matrix(network, conv_of(network, 'b')), network.weights['b_bias']])
    np.testing.assert_allclose(moments.cross, moments.gram @ weights, rtol=1e-6, atol=1e-3)


def test_every_picture_is_looked_at_in_other_places() -> None:
    network = tiny_network()
    image = pictures(1)
    once, twice = (
        convolution_moments(network, network, ['b'], image * count, SIZE, Sampling(7, 0))['b']
        for count in (1, 2)
    )
    assert not np.allclose(twice.gram, 2 * once.gram)


def test_student_may_have_other_channels_and_further_layers() -> None:
    reference = tiny_network()
    layers = []
    for layer in reference.layers:
        if layer.name == 'd':
            layers += [Conv('extra', ('sum',), 1, None), Conv('d', ('extra',), 1, None)]
        else:
            layers.append(layer)
    weights = {**reference.weights, **random_weights(
        {'extra': (3, 3, 8, 2), 'd': (1, 1, 2, 5)}
    )}
    student = Network(tuple(layers), reference.outputs, weights)
    moments = convolution_moments(student, reference, ['d'], pictures(), SIZE, ALL)['d']
    assert moments.gram.shape == (3, 3)
    assert moments.cross.shape == (3, 5)


def test_convolution_on_the_image_itself_has_moments() -> None:
    network = Network((Conv('a', (INPUT,), 1, None),), {'out': 'a'},
                      random_weights({'a': (1, 1, 3, 2)}))
    (image,) = pictures(1)
    moments = convolution_moments(network, network, ['a'], [image], SIZE, ALL)['a']
    np.testing.assert_allclose(moments.gram[-1, :-1], image.sum(axis=(0, 1, 2)), rtol=1e-6)


def test_convolution_that_a_network_lacks_is_named() -> None:
    with pytest.raises(CompressionError, match=r"missing \['z'\]"):
        convolution_moments(tiny_network(), tiny_network(), ['b', 'z'], pictures(), SIZE, ALL)


def test_results_of_other_sizes_are_refused() -> None:
    weights = random_weights({'a': (1, 1, 3, 2)})
    one, two = (
        Network((Conv('a', (INPUT,), stride, None),), {'out': 'a'}, weights)
        for stride in (1, 2)
    )
    with pytest.raises(CompressionError, match='a: expected a result of 16x16 .* got 32x32'):
        convolution_moments(one, two, ['a'], pictures(), SIZE, ALL)


def test_no_pictures_are_refused() -> None:
    with pytest.raises(CompressionError, match='expected pictures to calibrate on, got none'):
        convolution_moments(tiny_network(), tiny_network(), ['b'], [], SIZE, ALL)
