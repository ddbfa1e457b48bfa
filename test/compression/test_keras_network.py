# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The rebuilt networks compute what they say: by hand, and against the original graph."""

import nanodet_g_golden as golden
import numpy as np
import pytest
from small_networks import random_weights

from compressed_detector.compression import keras_network
from compressed_detector.compression.architectures import nanodet_g_source as source
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import (
    INPUT,
    Conv,
    Layer,
    MaxPool,
    Network,
    Normalize,
    ResizeLike,
)

TOLERANCE = 1e-3


def compute(layers: tuple[Layer, ...], image: np.ndarray, **weights: np.ndarray) -> np.ndarray:
    """Result (H, W, C) of the last layer for an image (H, W, C)."""
    network = Network(layers, {'out': layers[-1].name}, weights, image.shape[2])
    model = build_model(network, image.shape[0])
    return np.asarray(model(image[None].astype(np.float32))['out'])[0]


def naive_convolution(
    image: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int
) -> np.ndarray:
    """Sum over windows centred on every stride-th pixel from the first on, zeros outside."""
    border = kernel.shape[0] // 2
    padded = np.pad(image, ((border, border), (border, border), (0, 0)))
    size = kernel.shape[0]
    return np.array([
        [
            np.tensordot(padded[row:row + size, column:column + size], kernel, 3) + bias
            for column in range(0, image.shape[1], stride)
        ]
        for row in range(0, image.shape[0], stride)
    ])


@pytest.mark.parametrize('size', [1, 3, 5])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('side', [6, 7])
def test_convolution_is_padded_alike_on_all_sides(size: int, stride: int, side: int) -> None:
    image = np.random.RandomState(0).normal(size=(side, side, 2))
    weights = random_weights({'a': (size, size, 2, 3)})
    got = compute((Conv('a', (INPUT,), stride, None),), image, **weights)
    expected = naive_convolution(image, weights['a_weight'], weights['a_bias'], stride)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_negative_values_leak_by_the_slope() -> None:
    weights = {'a_weight': np.ones((1, 1, 1, 1), np.float32), 'a_bias': np.zeros(1, np.float32)}
    image = np.array([[[-4.0], [3.0]], [[0.0], [-1.0]]])
    got = compute((Conv('a', (INPUT,), 1, 0.1),), image, **weights)
    np.testing.assert_allclose(got[..., 0], [[-0.4, 3], [0, -0.1]], atol=1e-6)


def test_max_pool_of_negative_values_never_sees_a_zero_outside() -> None:
    image = -1 - np.arange(16.0).reshape(4, 4, 1)
    got = compute((MaxPool('pool', (INPUT,)),), image)
    np.testing.assert_array_equal(got[..., 0], [[-1, -2], [-5, -6]])


def test_max_pool_windows_are_centred_on_even_pixels() -> None:
    image = np.arange(16.0).reshape(4, 4, 1)
    got = compute((MaxPool('pool', (INPUT,)),), image)
    np.testing.assert_array_equal(got[..., 0], [[5, 7], [13, 15]])


def test_resize_up_and_down_is_half_pixel_bilinear() -> None:
    image = np.tile(np.array([0.0, 4, 8, 12]), (4, 1))[..., None]
    half = Conv('half', (INPUT,), 2, None)
    weights = {'half_weight': np.ones((1, 1, 1, 1), np.float32),
               'half_bias': np.zeros(1, np.float32)}  # keeps columns 0 and 2
    down = compute((half, ResizeLike('down', (INPUT, 'half'))), image, **weights)
    np.testing.assert_allclose(down[0, :, 0], [2, 10], atol=1e-6)
    up = compute((half, ResizeLike('up', ('half', INPUT))), image, **weights)
    np.testing.assert_allclose(up[0, :, 0], [0, 2, 6, 8], atol=1e-6)


def test_border_of_the_first_convolution_is_zero_after_normalization() -> None:
    mean, std = (100.0, 110.0, 120.0), (50.0, 60.0, 70.0)
    image = np.random.RandomState(0).randint(0, 256, (6, 6, 3)).astype(float)
    weights = random_weights({'a': (3, 3, 3, 4)})
    layers = (Normalize('normalize', (INPUT,), mean, std), Conv('a', ('normalize',), 2, None))
    got = compute(layers, image, **weights)
    pixels = (image - np.array(mean)) / np.array(std)
    expected = naive_convolution(pixels, weights['a_weight'], weights['a_bias'], 2)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def largest_golden_difference(network: Network) -> float:
    with np.load(golden.GOLDEN) as expected:
        return max(
            float(np.abs(values - expected[f'{name}_{role}']).max())
            for name, image in golden.images().items()
            for role, values in golden.select(
                source.rebuilt_outputs(network, image.astype(np.float32))
            ).items()
        )


def test_nanodet_g_equals_the_original_graph(network: Network) -> None:
    assert largest_golden_difference(network) < TOLERANCE


def test_golden_test_would_notice_a_pool_padded_with_zeros(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def zero_padded(keras, layer, inputs, network):
        padded = keras.layers.ZeroPadding2D(((1, 0), (1, 0)))(inputs[0])
        return keras.layers.MaxPooling2D(3, 2, 'valid')(padded)

    monkeypatch.setattr(keras_network, '_max_pool', zero_padded)
    assert largest_golden_difference(network) > 5 * TOLERANCE


def test_golden_test_would_notice_a_resize_that_is_not_half_pixel(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def corner_aligned(keras, layer, inputs, network):
        source, like = inputs
        from tensorflow import raw_ops

        return keras.layers.Lambda(lambda x: raw_ops.ResizeBilinear(
            images=x, size=list(like.shape[1:3]), half_pixel_centers=False
        ))(source)

    monkeypatch.setattr(keras_network, '_resize', corner_aligned)
    assert largest_golden_difference(network) > 5 * TOLERANCE


def test_features_are_reachable_by_name(network: Network) -> None:
    model = build_model(network, 64, {'fine': 'pan_8', 'coarse': 'pan_32', 'logits': 'conv29'})
    results = model(np.zeros((1, 64, 64, 3), np.float32))
    assert results['fine'].shape == (1, 8, 8, 128)
    assert results['coarse'].shape == (1, 2, 2, 128)
    assert results['logits'].shape == (1, 8, 8, 124)
