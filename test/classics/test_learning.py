# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Classifiers learn, keep their forms, and listen to penalties."""

import numpy as np
import pytest
from small_classifiers import small_dense, striped

from compressed_detector.classics.classifier import accuracy
from compressed_detector.classics.data import Samples
from compressed_detector.classics.learning import Draws, Lesson, train
from compressed_detector.compression.forms import Form, project
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.errors import CompressionError

LESSON = Lesson(8, learning_rate=5e-3, batch_size=16, average_decay=0.9)


def test_an_epoch_has_every_sample_once_but_those_that_fill_no_batch() -> None:
    images = np.arange(10, dtype=np.uint8)[:, None, None]
    draws = Draws(Samples(images, np.arange(10, dtype=np.uint8)), 3, seed=0)
    labels = np.concatenate([batch.labels for batch in draws.epoch(0)])
    assert len(draws) == 3
    assert len(set(labels.tolist())) == 9
    for batch in draws.epoch(0):
        np.testing.assert_allclose(batch.images[:, 0, 0, 0], batch.labels / 255, rtol=1e-6)


def test_epochs_and_seeds_have_orders_of_their_own_that_can_be_taken_up_anywhere() -> None:
    samples = striped(64)

    def order(seed: int, epoch: int, start: int = 0) -> list[bytes]:
        return [batch.images.tobytes() for batch in Draws(samples, 16, seed).epoch(epoch, start)]

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)
    assert order(0, 1, 2) == order(0, 1)[2:]


def test_a_classifier_learns_what_can_be_learnt() -> None:
    samples = striped(128)
    trained = train(small_dense(), {}, samples, LESSON, seed=0)
    assert accuracy(small_dense(), samples) < 0.6
    assert accuracy(trained, striped(64, seed=2)) > 0.9


def test_removed_weights_stay_zero_and_shared_ones_equal() -> None:
    classifier, random = small_dense(), np.random.default_rng(0)
    mask = random.random(classifier.weights['ip1_weight'].shape) < 0.3
    assignments = random.integers(0, 3, classifier.weights['ip2_weight'].shape, dtype=np.uint8)
    forms = {'ip1_weight': Form(mask=mask), 'ip2_weight': Form(assignments=assignments)}
    start = classifier.with_weights({
        name: project(array, forms[name]) if name in forms else array
        for name, array in classifier.weights.items()})
    trained = train(start, forms, striped(64), LESSON, seed=0)
    assert not trained.weights['ip1_weight'][~mask].any()
    assert not np.array_equal(trained.weights['ip1_weight'], start.weights['ip1_weight'])
    assert all(len(set(trained.weights['ip2_weight'][assignments == entry].tolist())) == 1
               for entry in range(3))


def test_a_penalty_makes_what_it_names_smaller() -> None:
    def penalty(weights):
        return 0.05 * tensorflow().reduce_sum(abs(weights['ip1_weight']))

    samples = striped(128)
    free, held = (train(small_dense(), {}, samples, LESSON, 0, penalty=item)
                  for item in (None, penalty))
    sizes = [float(np.abs(net.weights['ip1_weight']).sum()) for net in (free, held)]
    assert sizes[1] < 0.7 * sizes[0]


def test_the_same_seed_gives_the_same_classifier() -> None:
    samples = striped(64)
    one, same, other = (train(small_dense(), {}, samples, Lesson(1, batch_size=16), seed)
                        for seed in (0, 0, 1))
    assert np.array_equal(one.weights['ip1_weight'], same.weights['ip1_weight'])
    assert not np.array_equal(one.weights['ip1_weight'], other.weights['ip1_weight'])


def test_fewer_samples_than_a_batch_are_refused() -> None:
    with pytest.raises(CompressionError, match='expected at least 16 pictures.*got 5'):
        train(small_dense(), {}, striped(5), LESSON, seed=0)
