# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Signs take a bit each and come back exactly; what is behind them learns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_classifiers import small_dense, striped

from compressed_detector.classics.binary_weights import (
    connected,
    connecting,
    glorot_scale,
    inner_kernels,
    pack,
    packed_bytes,
)
from compressed_detector.classics.classifier import accuracy
from compressed_detector.classics.learning import Lesson, train
from compressed_detector.compression.forms import Form, project
from compressed_detector.errors import CompressionError


@settings(max_examples=50)
@given(st.integers(1, 30), st.integers(1, 9), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_binary_kernel_takes_a_bit_per_weight_and_its_magnitudes(
    inputs: int, outputs: int, per_channel: bool, seed: int
) -> None:
    kernel = np.random.default_rng(seed).normal(size=(inputs, outputs)).astype(np.float32)
    binary = project(kernel, Form(binary=True)) if per_channel else connected(kernel)
    weights = {'ip1_weight': binary, 'ip1_bias': np.ones(outputs, np.float32)}
    scales = outputs if per_channel else 1
    # packed_bytes raises when they do not come back.
    assert packed_bytes(weights, {'ip1_weight': per_channel}) == (
        -(-inputs * outputs // 8) + 4 * scales + 4 * outputs)


def test_real_weights_are_packed_as_they_are() -> None:
    weights = small_dense().weights
    assert pack(weights, {}) == b''.join(array.tobytes() for array in weights.values())


def test_weights_that_are_not_binary_are_noticed() -> None:
    weights = small_dense().weights
    with pytest.raises(CompressionError, match='the same weights again, lost .*ip1_weight'):
        packed_bytes(weights, {'ip1_weight': True})


def test_the_constant_of_a_convolution_counts_its_receptive_field() -> None:
    assert glorot_scale((100, 50)) == pytest.approx(0.1)
    assert glorot_scale((5, 5, 4, 2)) == pytest.approx((1.5 / 150) ** 0.5)


def test_networks_learn_with_one_constant_in_place_of_weights() -> None:
    start, samples = small_dense(width=40), striped(256)
    names = start.kernels
    lesson = Lesson(8, learning_rate=5e-3, batch_size=16, average_decay=0.9)
    latent = train(start, {}, samples, lesson, seed=0, disguise=connecting(names))
    binary = start.with_weights({
        name: connected(array) if name in names else array
        for name, array in latent.weights.items()})
    assert accuracy(binary, striped(64, seed=2)) > 0.8
    for name in names:
        assert np.unique(np.abs(binary.weights[name])).size == 1
        # Real numbers moved behind the signs.
        assert np.unique(np.abs(latent.weights[name])).size > 10


def test_inner_kernels_are_all_but_the_first_and_the_last() -> None:
    assert inner_kernels(small_dense()) == small_dense().kernels[1:-1]
