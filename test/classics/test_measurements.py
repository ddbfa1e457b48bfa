# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured of a classifier's layers is what they see and compute."""

import numpy as np
import pytest
from small_classifiers import small_convolutional, small_dense, striped

from compressed_detector.classics import measurements
from compressed_detector.classics.classifier import Classifier, predict, weight_name
from compressed_detector.classics.networks.lenet import lenet_5, lenet_300_100
from compressed_detector.compression.moments import Sampling
from compressed_detector.compression.refit import matrix, ridge
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.errors import CompressionError

SAMPLES = striped(64)


@pytest.mark.parametrize('classifier', [small_dense(width=6), small_convolutional()])
def test_layers_are_found_again_by_regression_of_what_they_compute(classifier: Classifier) -> None:
    layers = measurements.weighted_layers(classifier)
    moments = measurements.layer_moments(
        classifier, classifier, [layer.name for layer in layers], SAMPLES, Sampling(10**6, 0))
    for layer in layers:
        kernel = matrix(classifier, layer)
        fit = ridge(moments[layer.name], 1e-9, np.zeros_like(kernel))
        # What the pictures do not determine is left at zero: compare what comes out of it.
        error = fit.kernel - kernel
        lost = np.trace(error.T @ moments[layer.name].covariance @ error)
        assert abs(lost) < 1e-6 * moments[layer.name].target_energy


def test_a_layer_measured_alone_is_measured_as_with_the_others() -> None:
    classifier = small_convolutional()
    names = [layer.name for layer in measurements.weighted_layers(classifier)]
    together = measurements.layer_moments(
        classifier, classifier, names, SAMPLES, Sampling(5, 0))
    for name in names:
        alone = measurements.layer_moments(
            classifier, classifier, [name], SAMPLES, Sampling(5, 0))[name]
        np.testing.assert_array_equal(alone.gram, together[name].gram)
        assert alone.samples == together[name].samples


def test_the_last_layers_targets_are_the_logits() -> None:
    classifier = small_convolutional()
    (name,) = (layer.name for layer in measurements.weighted_layers(classifier)[-1:])
    moments = measurements.layer_moments(classifier, classifier, [name], SAMPLES, Sampling(1, 0))
    logits = predict(classifier, SAMPLES).astype(float)
    np.testing.assert_allclose(moments[name].target, logits.T @ logits, rtol=1e-4, atol=1e-5)


def test_the_targets_of_a_convolution_are_what_it_computes() -> None:
    classifier = small_convolutional()
    model = classifier.build(classifier.weights)
    for variable in model.trainable_variables:
        variable.assign(classifier.weights[weight_name(variable.path)])
    convolution = tensorflow().keras.Model(model.input, model.get_layer('conv2').output)
    results = np.asarray(convolution(SAMPLES.inputs(0, len(SAMPLES))), np.float64)
    results = results.reshape(-1, results.shape[-1])
    moments = measurements.layer_moments(
        classifier, classifier, ['conv2'], SAMPLES, Sampling(10**6, 0))['conv2']
    np.testing.assert_allclose(moments.target, results.T @ results, rtol=1e-5)


def test_places_are_as_many_as_asked_for() -> None:
    classifier = small_convolutional()
    name = measurements.weighted_layers(classifier)[0].name
    moments = measurements.layer_moments(classifier, classifier, [name], SAMPLES, Sampling(3, 0))
    assert moments[name].samples == 3 * len(SAMPLES)


def test_strided_convolutions_are_refused() -> None:
    def build(weights: dict) -> object:
        layers = tensorflow().keras.layers
        image = layers.Input((28, 28, 1))
        x = layers.Conv2D(2, 3, strides=2, name='conv1')(image)
        return tensorflow().keras.Model(image, layers.Flatten()(x))

    classifier = Classifier('strided', build, {
        'conv1_weight': np.zeros((3, 3, 1, 2), np.float32), 'conv1_bias': np.zeros(2, np.float32)})
    with pytest.raises(CompressionError, match='conv1: expected a convolution without padding'):
        measurements.layer_inputs(classifier, ['conv1'])


def test_operations_are_those_of_the_published_networks() -> None:
    assert measurements.layer_macs(lenet_300_100(0)) == {
        'ip1': 784 * 300, 'ip2': 300 * 100, 'ip3': 1000}
    assert measurements.layer_macs(lenet_5(0)) == {
        'conv1': 288_000, 'conv2': 1_600_000, 'ip1': 400_000, 'ip2': 5000}


def test_the_curvature_of_a_softmax_regression_is_known() -> None:
    def build(weights: dict) -> object:
        layers = tensorflow().keras.layers
        image = layers.Input(SAMPLES.images.shape[1:] + (1,))
        return tensorflow().keras.Model(
            image, layers.Dense(3, name='ip1')(layers.Flatten()(image)))

    random = np.random.default_rng(0)
    inputs = SAMPLES.inputs(0, 64).reshape(64, -1)
    classifier = Classifier('linear', build, {
        'ip1_weight': random.normal(0, 0.05, (inputs.shape[1], 3)).astype(np.float32),
        'ip1_bias': np.array([1, 0, -1], np.float32)})
    exponents = np.exp(predict(classifier, SAMPLES))
    shares = exponents / exponents.sum(axis=1, keepdims=True)
    found = [measurements.loss_curvatures(classifier, SAMPLES, seed)['ip1_bias']
             for seed in range(12)]
    # Draws from a small sample: within four standard errors.
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    expected = np.mean(shares * (1 - shares), axis=0)
    assert (np.abs(np.mean(found, axis=0) - expected) < 4 * error + 1e-3).all()
