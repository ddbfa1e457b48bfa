# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Trials say what an error of a layer does to the outputs; by hand where that can be known."""

import numpy as np
import pytest
from fitting_cases import layer_error

from compressed_detector.compression.layer_trials import trial_harms, with_error
from compressed_detector.compression.network import INPUT, Conv, Network
from compressed_detector.compression.surgeon import inverse
from compressed_detector.compression.sweep import factor

RANDOM = np.random.default_rng(0)


def test_error_has_the_energy_asked_for() -> None:
    samples = RANDOM.normal(size=(200, 12)) @ RANDOM.normal(size=(12, 12))
    metric = samples.T @ samples / 200
    kernel = RANDOM.normal(size=(12, 500))
    changed = with_error(kernel, factor(inverse(metric)), 3.0, np.random.default_rng(1))
    assert 2 * layer_error(changed - kernel, metric) == pytest.approx(3, rel=0.1)


def test_harm_is_what_the_layers_behind_make_of_an_error() -> None:
    # b multiplies by 3, so that an error of a counts nine times one of b.
    weights = {'a_weight': np.ones((1, 1, 1, 1), np.float32), 'a_bias': np.zeros(1, np.float32),
               'b_weight': np.full((1, 1, 1, 1), 3, np.float32), 'b_bias': np.zeros(1, np.float32)}
    layers = (Conv('a', (INPUT,), 1, None), Conv('b', ('a',), 1, None))
    network = Network(layers, {'out': 'b'}, weights, 1)
    picture = RANDOM.normal(size=(1, 4, 4, 1)).astype(np.float32)
    bias = np.full(1, 0.1)
    shifted = {'a': (np.ones((1, 1)), bias), 'b': (np.full((1, 1), 3.0), bias)}
    harms = trial_harms(network, shifted, {'a': 0.01, 'b': 0.01}, [picture], 4)
    variance = 9 * picture.var()
    assert harms['a'] == pytest.approx(9 / variance, rel=1e-4)
    assert harms['b'] == pytest.approx(1 / variance, rel=1e-4)
