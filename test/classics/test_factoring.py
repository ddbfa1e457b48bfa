# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Two factors are the best of their rank: for the weights, or for what the layers compute."""

import numpy as np
import pytest
from small_classifiers import small_convolutional, small_dense, striped

from compressed_detector.classics.classifier import Classifier, predict
from compressed_detector.classics.factoring import factored, hidden_layers, rank_for
from compressed_detector.classics.measurements import layer_macs, layer_moments, weighted_layers
from compressed_detector.compression.moments import Sampling
from compressed_detector.compression.refit import matrix

SAMPLES = striped(96)


def full(classifier: Classifier, layer_index: int = 0) -> float:
    """Return a share at which the rank is that of the layer."""
    kernel = matrix(classifier, weighted_layers(classifier)[layer_index])
    return min(kernel.shape) * sum(kernel.shape) / kernel.size


@pytest.mark.parametrize('classifier', [small_dense(), small_convolutional()])
def test_at_full_rank_nothing_changes(classifier: Classifier) -> None:
    whole = factored(classifier, weighted_layers(classifier)[:1], full(classifier), None)
    np.testing.assert_allclose(predict(whole, SAMPLES), predict(classifier, SAMPLES), atol=1e-4)


def test_without_pictures_the_product_is_the_truncated_decomposition() -> None:
    classifier = small_dense()
    layer, share = weighted_layers(classifier)[0], 0.3
    kernel = matrix(classifier, layer)
    rank = rank_for(kernel, share)
    left, values, right = np.linalg.svd(kernel, full_matrices=False)
    found = factored(classifier, [layer], share, None).weights
    np.testing.assert_allclose(
        found['ip1_reduce_weight'] @ found['ip1_weight'],
        (left[:, :rank] * values[:rank]) @ right[:rank], atol=1e-5)


@pytest.mark.parametrize('classifier', [small_dense(), small_convolutional()])
def test_regression_computes_closer_to_the_whole_layer_than_the_decomposition(
    classifier: Classifier
) -> None:
    share = 0.3 * full(classifier)
    wanted = predict(classifier, SAMPLES)

    def error(measured: bool) -> float:
        pair = factored(
            classifier, hidden_layers(classifier), share, (lambda net, names: layer_moments(
                net, classifier, names, SAMPLES, Sampling(10**6, 0))) if measured else None)
        return float(np.mean((predict(pair, SAMPLES) - wanted) ** 2))

    assert error(True) < 0.8 * error(False)


def test_two_factors_take_the_share_of_operations_that_was_asked_for() -> None:
    classifier = small_dense()
    before = layer_macs(classifier)
    after = layer_macs(factored(classifier, hidden_layers(classifier), 0.5, None))
    kernel = matrix(classifier, weighted_layers(classifier)[0])
    assert after['ip1_reduce'] + after['ip1'] == rank_for(kernel, 0.5) * sum(kernel.shape)
    assert after['ip1_reduce'] + after['ip1'] == pytest.approx(
        0.5 * before['ip1'], abs=sum(kernel.shape) / 2)


def test_a_rank_is_one_at_least() -> None:
    assert rank_for(np.zeros((4, 5)), 1e-6) == 1


def test_factors_come_in_the_order_of_computation() -> None:
    classifier = small_convolutional()
    names = [layer.name for layer in
             weighted_layers(factored(classifier, weighted_layers(classifier)[:1], 0.5, None))]
    first = weighted_layers(classifier)[0].name
    assert names[:2] == [f'{first}_reduce', first]
