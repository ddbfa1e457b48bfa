# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A classifier's .tflite file computes what the classifier does, and is decoded bit by bit."""

import numpy as np
import pytest
from small_classifiers import small_convolutional, small_dense, striped

from compressed_detector.classics.accounting import Bits
from compressed_detector.classics.archived import archive, tflite_accuracy, tflite_of
from compressed_detector.classics.classifier import Classifier, accuracy, predict
from compressed_detector.classics.data import Samples
from compressed_detector.classics.deep_compression_steps import share_kernels
from compressed_detector.classics.lab import Trial
from compressed_detector.classics.pruning import prune
from compressed_detector.compression.flatbuffer import constants
from compressed_detector.detection.interpreter import LiteInterpreter


def compressed() -> Trial:
    trial = prune(Trial(small_dense(width=40)), {'ip1_weight': 0.1})
    return share_kernels(trial, {'ip1_weight': Bits(4, 5)})


@pytest.mark.parametrize('make', [small_dense, small_convolutional])
def test_the_file_computes_what_the_classifier_does(make) -> None:
    classifier, samples = make(), striped(5)
    interpreter = LiteInterpreter(tflite_of(classifier), 1)
    (output,) = interpreter.outputs
    expected = predict(classifier, samples)
    for index in range(5):
        image = samples.inputs(index, index + 1)
        found = interpreter.run(lambda pixels, image=image: np.copyto(pixels, image))
        np.testing.assert_allclose(found[output.name].values[0], expected[index], rtol=1e-3,
                                   atol=1e-4)


def test_the_files_accuracy_is_the_classifiers() -> None:
    classifier, samples = small_dense(), striped(60)
    assert tflite_accuracy(tflite_of(classifier), samples) == accuracy(classifier, samples)
    chosen = predict(classifier, samples).argmax(axis=1).astype(np.uint8)
    assert tflite_accuracy(tflite_of(classifier), Samples(samples.images, chosen)) == 1


def test_an_archive_holds_the_file_to_the_last_bit_in_fewer_bytes() -> None:
    model = tflite_of(compressed().classifier)
    archived = archive(model)
    assert archived.model == model
    assert len(archived.content) < 0.15 * len(model)


def test_shared_weights_are_in_the_file_as_they_were_trained() -> None:
    trial = compressed()
    model = archive(tflite_of(trial.classifier)).model
    kernel = trial.classifier.weights['ip1_weight']
    (stored,) = (item for item in constants(model) if item.shape == kernel.T.shape)
    found = np.frombuffer(model, '<f4', kernel.size, stored.offset).reshape(kernel.T.shape)
    assert np.array_equal(found, kernel.T)


def test_coded_bits_are_those_of_kernels_and_not_of_biases() -> None:
    archived = archive(tflite_of(compressed().classifier))
    kernels = [tensor for tensor in archived.tensors if len(tensor.shape) > 1]
    assert archived.coded_bits == sum(tensor.coded_bits for tensor in kernels)
    (first,) = (tensor for tensor in kernels if tensor.elements == 784 * 40)
    # 4-bit codes and gaps of about 4 bits for a tenth of the weights.
    assert 0.3 * first.elements < first.coded_bits < 0.9 * first.elements


def test_the_same_classifier_gives_the_same_file() -> None:
    one, same = (tflite_of(Classifier('a', small_dense().build, small_dense().weights))
                 for _ in range(2))
    assert one == same
