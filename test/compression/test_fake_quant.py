# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is rounded in training is what the converted network rounds."""

import numpy as np
import pytest
from calibration_pictures import pictures
from small_networks import tiny_network

from compressed_detector.compression.convert import Conversion, convert
from compressed_detector.compression.fake_quant import (
    round_kernel,
    rounded_activations,
    rounded_weights,
)
from compressed_detector.compression.formats import FORMATS
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import INPUT, Network
from compressed_detector.compression.ranges import Ranges, calibrate
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.forward import forward_of
from compressed_detector.detection.interpreter import LiteInterpreter


@pytest.fixture(scope='module')
def ranges() -> Ranges:
    return calibrate(tiny_network(), 32, pictures(0, 20))


def rounded_outputs(
    network: Network, ranges: Ranges, bits: int, image: np.ndarray
) -> dict[str, np.ndarray]:
    model = build_model(network, 32, after=rounded_activations(ranges))
    disguise = rounded_weights(bits)
    weights = {name: disguise(name, array) for name, array in network.weights.items()}
    return {role: np.asarray(v) for role, v in forward_of(model, network)(weights, image).items()}


@pytest.mark.parametrize(('code', 'clipped_to'), [('wi8_ai8', 0.3), ('wi4_ai8', 1.0)])
def test_rounded_model_computes_what_the_converted_one_does(
    code: str, clipped_to: float, ranges: Ranges
) -> None:
    # Plain int8 is too near to float32 to tell one from the other: the ranges are too narrow.
    narrow = {name: (clipped_to * low, clipped_to * high) for name, (low, high) in ranges.items()}
    narrow[INPUT] = ranges[INPUT]
    network, form = tiny_network(), FORMATS[code]
    converted = convert(network, 32, Conversion(form, narrow))
    interpreter = LiteInterpreter(converted.tflite, 1)
    less, exact = interpreter.input.zero_point, build_model(network, 32)
    errors, float_errors = [], []
    for image in pictures(7, 5):
        tensors = interpreter.run(
            lambda array, image=image: np.copyto(array, image + less, 'unsafe'))
        rounded = rounded_outputs(network, narrow, form.weight_bits, image)
        for output in converted.outputs:
            tensor = tensors[output.tensor]
            got = tensor.real(tensor.values)
            errors.append(abs(got - rounded[output.role]) / tensor.scale)
            float_errors.append(abs(got - np.asarray(exact(image)[output.role])) / tensor.scale)
    # The order of sums decides how halves of a step are rounded, in every layer.
    assert max(error.max() for error in errors) < 6
    assert np.mean([error.mean() for error in errors]) < 0.7
    assert np.mean([error.mean() for error in float_errors]) > 4


def test_activations_are_on_a_grid_of_256_values_with_zero() -> None:
    network = tiny_network()
    ranges = {INPUT: (0.0, 255.0), 'd': (-1.0, 2.0)}
    (image,) = pictures(3, 1)
    values = np.asarray(build_model(network, 32, after=rounded_activations(ranges))(image)['fine'])
    steps = values / np.float32(3 / 255)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    assert -85 <= steps.min() < steps.max() <= 170


def test_gradient_passes_the_grid_but_not_its_ends() -> None:
    tf = tensorflow()
    image = tf.constant([[[[-3.0], [0.4], [1.1], [9.0]]]])
    layer = rounded_activations({'x': (-1.0, 2.0)})
    with tf.GradientTape() as tape:
        tape.watch(image)
        total = tf.reduce_sum(layer('x', image))
    assert tape.gradient(total, image).numpy().ravel().tolist() == [0, 1, 1, 0]


def test_kernel_is_rounded_per_output_channel_to_a_symmetric_grid() -> None:
    kernel = np.random.RandomState(0).normal(size=(3, 3, 4, 5)).astype(np.float32)
    rounded = np.asarray(round_kernel(kernel, 4))
    limits = abs(kernel).max(axis=(0, 1, 2))
    stored = rounded / (limits / 7)
    np.testing.assert_allclose(stored, np.rint(stored), atol=1e-4)
    assert (abs(rounded - kernel) <= limits / 14 + 1e-6).all()
    np.testing.assert_allclose(abs(rounded).max(axis=(0, 1, 2)), limits, rtol=1e-6)


def test_rounding_a_kernel_again_changes_nothing() -> None:
    kernel = np.random.RandomState(0).normal(size=(3, 3, 4, 5)).astype(np.float32)
    once = np.asarray(round_kernel(kernel, 4))
    np.testing.assert_allclose(np.asarray(round_kernel(once, 4)), once, atol=1e-6)


def test_kernel_of_zeros_stays_zero() -> None:
    assert not np.asarray(round_kernel(np.zeros((1, 1, 2, 3), np.float32), 8)).any()


def test_gradient_of_a_kernel_passes_and_its_limits_have_none() -> None:
    tf = tensorflow()
    kernel = tf.constant(np.random.RandomState(0).normal(size=(3, 3, 4, 5)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        total = tf.reduce_sum(round_kernel(kernel, 4))
    np.testing.assert_array_equal(tape.gradient(total, kernel), np.ones(kernel.shape))


def test_biases_are_not_rounded() -> None:
    bias = np.array([0.123456], np.float32)
    assert rounded_weights(4)('a_bias', bias) is bias
