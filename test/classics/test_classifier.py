# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A classifier computes what its weights say, whatever the order they come in."""

import numpy as np
import pytest
from small_classifiers import small_convolutional, small_dense, striped

from compressed_detector.classics.classifier import (
    Classifier,
    accuracy,
    logits_of,
    predict,
    weight_name,
)
from compressed_detector.classics.data import Samples
from compressed_detector.classics.networks.lenet import lenet_5, lenet_300_100
from compressed_detector.compression.tensorflow_runtime import tensorflow


def dense_by_hand(classifier: Classifier, samples: Samples) -> np.ndarray:
    values = samples.inputs(0, len(samples)).reshape(len(samples), -1)
    for layer in ('ip1', 'ip2', 'ip3'):
        values = values @ classifier.weights[f'{layer}_weight']
        values = values + classifier.weights[f'{layer}_bias']
        values = values if layer == 'ip3' else np.maximum(values, 0)
    return values


def convolved(values: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(values, kernel.shape[:2], axis=(1, 2))
    return np.einsum('nxychw,hwco->nxyo', windows, kernel) + bias


def pooled(values: np.ndarray) -> np.ndarray:
    batch, height, width, channels = values.shape
    return values.reshape(batch, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def test_a_dense_network_computes_what_numpy_does() -> None:
    classifier, samples = small_dense(), striped(20)
    np.testing.assert_allclose(
        predict(classifier, samples), dense_by_hand(classifier, samples), rtol=1e-4, atol=1e-5)


def test_lenet_5_convolves_pools_and_classifies_as_caffes_does() -> None:
    classifier, samples = small_convolutional(), striped(3)
    weights, values = classifier.weights, samples.inputs(0, 3)
    for name in ('conv1', 'conv2'):
        values = pooled(convolved(values, weights[f'{name}_weight'], weights[f'{name}_bias']))
    values = values.reshape(3, -1) @ weights['ip1_weight'] + weights['ip1_bias']
    expected = np.maximum(values, 0) @ weights['ip2_weight'] + weights['ip2_bias']
    np.testing.assert_allclose(predict(classifier, samples), expected, rtol=1e-3, atol=1e-4)


def test_the_order_of_the_weights_changes_nothing() -> None:
    classifier, samples = small_dense(), striped(20)
    turned = classifier.with_weights(dict(reversed(classifier.weights.items())))
    assert np.array_equal(predict(turned, samples), predict(classifier, samples))


def test_batches_do_not_change_what_is_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier, samples = small_dense(), striped(20)
    whole = predict(classifier, samples)
    monkeypatch.setattr('compressed_detector.classics.classifier.LARGE_BATCH', 7)
    np.testing.assert_allclose(predict(classifier, samples), whole, rtol=1e-5)


def test_accuracy_is_the_share_of_largest_logits() -> None:
    classifier, samples = small_dense(), striped(40)
    chosen = dense_by_hand(classifier, samples).argmax(axis=1)
    assert accuracy(classifier, Samples(samples.images, chosen.astype(np.uint8))) == 1
    expected = float(np.mean(chosen == samples.labels))
    assert accuracy(classifier, samples) == pytest.approx(expected)


def test_gradients_reach_the_weights_that_are_given() -> None:
    tf, classifier = tensorflow(), small_dense()
    logits = logits_of(classifier)
    weights = {name: tf.Variable(array) for name, array in classifier.weights.items()}
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(logits(weights, striped(2).inputs(0, 2)))
    (gradient,) = tape.gradient(total, [weights['ip3_bias']])
    np.testing.assert_allclose(gradient, [2, 2, 2, 2])


@pytest.mark.parametrize(('make', 'parameters'), [(lenet_300_100, 266610), (lenet_5, 431080)])
def test_the_lenets_have_the_papers_parameters(make, parameters: int) -> None:
    assert make(0).parameters == parameters


def test_the_same_seed_begins_with_the_same_weights_and_another_with_others() -> None:
    one, same, other = (lenet_300_100(seed).weights['ip1_weight'] for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_kernels_are_named_in_the_order_of_computation() -> None:
    assert lenet_5(0).kernels == ('conv1_weight', 'conv2_weight', 'ip1_weight', 'ip2_weight')


@pytest.mark.parametrize(('path', 'name'), [
    ('ip1/kernel', 'ip1_weight'), ('ip1/bias', 'ip1_bias'), ('a/b/kernel', 'a/b_weight')])
def test_variables_are_named_as_weights(path: str, name: str) -> None:
    assert weight_name(path) == name
