# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Batch norm that is gone after training: folded into the kernels and biases before it.

Ioffe, Szegedy, Batch Normalization, ICML 2015. Compression is about kernels and biases, and there
is one network to compress, not one for training and another for use. The statistics are not
averages of a past in which the weights were others, but those of one large batch at the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compressed_detector.classics.classifier import Classifier, model_of
from compressed_detector.classics.data import Samples
from compressed_detector.classics.networks.wiring import BETA, GAMMA
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats


def folded(classifier: Classifier, samples: Samples) -> Classifier:
    """
    Return a classifier without batch norm that has the same logits for all of these samples.

    They are taken as one batch: some hundreds are enough, and bound the memory.
    """
    moments = _moments(classifier, samples)
    weights: dict[str, Floats] = {}
    for name, array in classifier.weights.items():
        layer = name.removesuffix('_weight')
        if layer in moments:
            mean, scale = moments[layer]
            factor = classifier.weights[layer + GAMMA] / scale
            weights[name] = array * factor
            weights[f'{layer}_bias'] = classifier.weights[layer + BETA] - mean * factor
        elif not name.endswith((GAMMA, BETA)):
            weights[name] = array
    return classifier.with_weights(weights)


def _moments(classifier: Classifier, samples: Samples) -> dict[str, tuple[Floats, Floats]]:
    """Return the mean and the regularized standard deviation that each batch norm divides by."""
    tf = tensorflow()
    model = model_of(classifier)
    norms = [layer for layer in model.layers if layer.name + '_gamma' in classifier.weights]
    inside = tf.keras.Model(model.input, [layer.input for layer in norms])

    def measured(images: Any) -> list[Any]:
        return [tf.nn.moments(x, (0, 1, 2)) for x in inside(images)]

    found = tf.function(measured, autograph=False)(samples.inputs(0, len(samples)))
    return {layer.name.removesuffix('_norm'):
            (np.asarray(mean), np.sqrt(np.asarray(variance) + layer.epsilon))
            for layer, (mean, variance) in zip(norms, found)}
