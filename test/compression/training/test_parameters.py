# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
from small_networks import tiny_learner

from compressed_detector.compression.forms import Form, project
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.parameters import Parameters

NETWORK = tiny_learner()
KERNEL = NETWORK.weights['b_weight']


def gradient_of_sum(form: Form, weighted_by: np.ndarray) -> np.ndarray:
    """The gradient of sum(weighted_by * b_weight) in what the form leaves free of b_weight."""
    tf = tensorflow()
    parameters = Parameters(NETWORK, {'b_weight': form})
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(parameters.weights()['b_weight'] * weighted_by)
    index = sorted(NETWORK.weights).index('b_weight')
    return tf.convert_to_tensor(tape.gradient(loss, parameters.variables)[index]).numpy()


def test_gradient_of_a_codebook_is_the_sum_over_its_members() -> None:
    random = np.random.default_rng(0)
    assignments = random.integers(0, 4, KERNEL.shape).astype(np.uint8)
    gradient = random.normal(size=KERNEL.shape).astype(np.float32)
    got = gradient_of_sum(Form(assignments=assignments), gradient)
    expected = [gradient[assignments == entry].sum() for entry in range(4)]
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_gradient_of_removed_weights_is_zero() -> None:
    mask = np.random.default_rng(0).random(KERNEL.shape) < 0.5
    got = gradient_of_sum(Form(mask=mask), np.ones(KERNEL.shape, np.float32))
    np.testing.assert_array_equal(got, mask)


def test_network_of_the_parameters_has_the_weights_as_their_forms_say() -> None:
    random = np.random.default_rng(0)
    form = Form(random.random(KERNEL.shape) < 0.5,
                random.integers(0, 4, KERNEL.shape).astype(np.uint8))
    parameters = Parameters(NETWORK, {'b_weight': form})
    got = parameters.network().weights
    np.testing.assert_allclose(got['b_weight'], project(KERNEL, form), atol=1e-6)
    np.testing.assert_array_equal(got['a_weight'], NETWORK.weights['a_weight'])
    seen = parameters.weights(lambda name, tensor: tensor + 1 if name == 'a_bias' else tensor)
    np.testing.assert_array_equal(seen['a_bias'].numpy(), NETWORK.weights['a_bias'] + 1)


def test_binary_weights_are_computed_with_and_their_latent_ones_get_the_gradient() -> None:
    form = Form(binary=True)
    seen = Parameters(NETWORK, {'b_weight': form}).weights()['b_weight'].numpy()
    np.testing.assert_allclose(seen, project(KERNEL, form), atol=1e-6)
    gradient = np.random.default_rng(0).normal(size=KERNEL.shape).astype(np.float32)
    np.testing.assert_allclose(gradient_of_sum(form, gradient), gradient, atol=1e-6)
