# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Keras models become networks that compute the same, or are refused by the layer's name."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_detectors import DESCRIPTION, SIZE, detector

from compressed_detector.compression.keras_import import network_of
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.errors import CompressionError


def layers() -> Any:
    return tensorflow().keras.layers


def model_of(build: Any, size: int = 16) -> Any:
    image = layers().Input((size, size, 3))
    return tensorflow().keras.Model(image, build(image))


def same(model: Any, outputs: dict[str, str]) -> bool:
    size = model.inputs[0].shape[1]
    image = np.random.default_rng(1).uniform(0, 255, (1, size, size, 3)).astype(np.float32)
    got = build_model(network_of(model, outputs), size)(image)
    expected = model(image)
    expected = expected if isinstance(expected, list) else [expected]
    return all(np.allclose(one, got[role], rtol=1e-4, atol=1e-3)
               for one, role in zip(expected, outputs))


def test_a_detector_of_every_known_layer_computes_the_same_as_a_network() -> None:
    assert same(detector(), dict(DESCRIPTION['outputs']))


def test_layers_keep_their_names_and_normalization_is_folded() -> None:
    network = network_of(detector(), dict(DESCRIPTION['outputs']))
    assert [conv.name for conv in network.convolutions] == [
        'stem', 'down', 'deep', 'head_8', 'head_16']
    assert {conv.negative_slope for conv in network.convolutions} == {0.1, 0.0, None}
    assert network.shapes(2 * SIZE)['head_8'] == (2 * SIZE // 8, 2 * SIZE // 8, 18)


@settings(deadline=None, max_examples=15)
@given(size=st.sampled_from([1, 3, 5, 7]), stride=st.integers(1, 3),
       padding=st.sampled_from(['same', 'zeros', 'valid']), tiles=st.integers(7, 9))
def test_every_padding_is_either_the_same_or_refused(
    size: int, stride: int, padding: str, tiles: int
) -> None:
    def build(image: Any) -> Any:
        x = layers().ZeroPadding2D(size // 2)(image) if padding == 'zeros' else image
        return layers().Conv2D(4, size, strides=stride, name='a', bias_initializer='normal',
                               padding='same' if padding == 'same' else 'valid')(x)

    model = model_of(build, stride * tiles)
    if padding == 'valid' and size > stride:
        with pytest.raises(CompressionError, match="'a' needs as much padding above as to the l"):
            network_of(model, {'out': 'a'})
    else:
        assert same(model, {'out': 'a'})


def test_what_no_output_needs_is_left_out() -> None:
    network = network_of(detector(), {'coarse': 'head_16'})
    assert 'head_8_weight' not in network.weights
    assert 'joined' not in [layer.name for layer in network.layers]


def active_convolution(image: Any) -> Any:
    return layers().Conv2D(4, 3, padding='same', activation='relu', name='a')(image)


def read_twice(image: Any) -> Any:
    x = layers().Conv2D(4, 3, padding='same', name='a')(image)
    return layers().Concatenate(name='c')([layers().ReLU(name='r')(x), x])


def shared(image: Any) -> Any:
    conv = layers().Conv2D(3, 3, padding='same', name='a')
    return conv(conv(image))


@pytest.mark.parametrize(('build', 'message'), [
    (lambda x: layers().DepthwiseConv2D(3, name='d')(x), "'d' is of kind DepthwiseConv2D; known"),
    (lambda x: layers().BatchNormalization(name='b')(x), "'b' has to follow a Conv2D"),
    (lambda x: layers().BatchNormalization(name='b')(active_convolution(x)), 'without an activ'),
    (lambda x: layers().Conv2D(4, 1, activation='silu', name='a')(x), 'activation silu; known'),
    (lambda x: layers().Conv2D(4, 2, name='a')(x), "'a' needs a square kernel of an odd size"),
    (lambda x: layers().Conv2D(3, 3, groups=3, name='a')(x), 'without groups'),
    (lambda x: layers().Conv2D(3, 3, name='a')(x), 'as much padding above'),
    (lambda x: layers().ReLU(6.0, name='r')(layers().Conv2D(3, 1)(x)), "'r' has a maximum"),
    (lambda x: layers().MaxPooling2D(2, 1, 'same', name='p')(x), 'strides of 2'),
    (lambda x: layers().UpSampling2D(2, name='u')(x), r'got nearest and sizes \[\(16, 16\)\]'),
    (lambda x: layers().MaxPooling2D(2, name='p')(layers().ZeroPadding2D(1)(x)),
     'only a Conv2D may'),
    (read_twice, "'r' is not the only one that reads a"),
    (shared, "'a' is used more than once"),
])
def test_other_layers_are_refused_by_their_names(build: Any, message: str) -> None:
    with pytest.raises(CompressionError, match=message):
        network_of(model_of(build), {})


def test_unknown_outputs_are_refused_with_the_names_there_are() -> None:
    with pytest.raises(CompressionError, match=r"got \['head'\]; the last layers are .*head_16"):
        network_of(detector(), {'stride_8': 'head'})
