# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Ranges hold what occurs, are shared where the runtime shares them, and clip where it pays."""

import dataclasses

import numpy as np
import pytest
from calibration_pictures import pictures
from small_networks import tiny_network

from compressed_detector.compression.clipping import least_error, round_to_grid
from compressed_detector.compression.convert import Conversion, convert
from compressed_detector.compression.formats import STATIC_INT8
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import INPUT, Conv, Network
from compressed_detector.compression.ranges import calibrate, range_owners
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.errors import CompressionError


def test_tensors_around_concat_pool_and_resize_share_a_range() -> None:
    owners = range_owners(tiny_network())
    assert owners['b'] == owners['a_activation']
    assert owners['up'] == owners['c_activation']
    assert len(set(owners.values())) == len(owners) - 2
    assert set(owners) == {
        INPUT, 'normalize', 'a', 'a_activation', 'b', 'c', 'c_activation', 'up', 'sum', 'd'}


def test_nothing_is_rounded_between_a_convolution_and_its_relu() -> None:
    network = tiny_network()
    layers = tuple(
        dataclasses.replace(layer, negative_slope=0.0)
        if isinstance(layer, Conv) and layer.negative_slope else layer for layer in network.layers
    )
    relu = Network(layers, network.outputs, network.weights)
    assert set(range_owners(network)) - set(range_owners(relu)) == {'a', 'c'}


def test_ranges_are_the_extremes_except_before_a_leaky_relu() -> None:
    network = tiny_network()
    ranges = calibrate(network, 32, pictures(0, 4))
    model = build_model(network, 32, {name: name for name in ('a', 'b', 'sum', 'd', 'pool')})
    seen = [model(image) for image in pictures(0, 4)]
    for name in ('sum', 'd'):
        values = np.stack([np.asarray(result[name]) for result in seen])
        np.testing.assert_allclose(ranges[name], (values.min(), values.max()), rtol=1e-5)
    tied = np.concatenate([np.ravel(result[name]) for result in seen for name in ('a', 'b')])
    np.testing.assert_allclose(ranges['b'], (tied.min(), tied.max()), rtol=1e-5)
    assert ranges[INPUT] == (0, 255)
    assert ranges['a'][0] > -tied.max()


def test_converter_takes_the_ranges_and_adds_none() -> None:
    ranges = calibrate(tiny_network(), 32, pictures(0, 4))
    converted = convert(tiny_network(), 32, Conversion(STATIC_INT8, ranges))
    operators = LiteInterpreter(converted.tflite, 1).operators()
    scales = {info.scale for step in operators for info in step.outputs}
    assert all(
        any(scale == pytest.approx((high - low) / 255, rel=1e-4) for low, high in ranges.values())
        for scale in scales
    )
    # They would be changes of scale in between, or of the picture's type before all.
    assert 'QUANTIZE' not in [step.name for step in operators]


def test_no_pictures_are_refused() -> None:
    with pytest.raises(CompressionError, match='expected pictures to take them from, got none'):
        calibrate(tiny_network(), 32, [])


def test_rare_negative_values_are_clipped_before_a_leaky_relu() -> None:
    values = np.random.RandomState(0).normal(size=20_000).astype(np.float32)
    values[0] = -40
    low, high = least_error(values, (-40.0, float(values.max())), 0.1)
    assert -20 < low < -4
    assert high > 2


def test_grid_that_fits_is_not_clipped() -> None:
    values = np.linspace(-1, 1, 257, dtype=np.float32)
    low, high = least_error(values, (-1.0, 1.0), 1.0)
    assert (low, high) == (-1, 1)


def test_clipped_grid_is_the_best_of_those_tried() -> None:
    values = np.random.RandomState(1).standard_t(3, 5000).astype(np.float32)
    extremes = (float(values.min()), float(values.max()))

    def error(low: float, high: float) -> float:
        change = round_to_grid(values, low, high) - values
        return float(np.square(np.where(values > 0, change, 0.1 * change)).mean())

    low, high = least_error(values, extremes, 0.1)
    assert error(low, high) < 0.8 * error(*extremes)
    for share in (0.8, 1.25):
        assert error(low, high) <= 1.02 * error(max(low * share, extremes[0]), high)
        assert error(low, high) <= 1.02 * error(low, min(high * share, extremes[1]))


def test_values_that_never_vary_have_an_empty_grid() -> None:
    values = np.zeros(10, np.float32)
    assert least_error(values, (0.0, 0.0), 0.1) == (0, 0)
    assert not round_to_grid(values, 0.0, 0.0).any()
