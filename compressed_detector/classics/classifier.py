# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A network that tells classes apart, as data: how it is built, and its weights by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compressed_detector.classics.data import Samples
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats

Weights = Mapping[str, Floats]
# Pictures at once where nothing is learned; bounds the memory.
LARGE_BATCH = 1000


@dataclass(frozen=True, eq=False)
class Classifier:
    """
    ``build`` returns a Keras model with layers of these weights' names; shapes say the widths.

    The model takes float32 pictures (batch, height, width, channels) from 0 to 1 and returns
    logits (batch, classes). Layer ``ip1`` has the weights ``ip1_weight`` and ``ip1_bias``, as
    Keras shapes them: (in, out) of a dense layer, (height, width, in, out) of a convolution.
    """

    name: str
    build: Callable[[Weights], Any]
    weights: Weights

    def with_weights(self, weights: Weights) -> Classifier:
        """Return the classifier with other weights."""
        return dataclasses.replace(self, weights=dict(weights))

    @property
    def kernels(self) -> tuple[str, ...]:
        """The names of the weights that are no biases, in the order of computation."""
        return tuple(name for name in self.weights if name.endswith('_weight'))

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return sum(array.size for array in self.weights.values())


def weight_name(path: str) -> str:
    """Return the name of a Keras variable's weights: ``ip1/kernel`` is ``ip1_weight``."""
    layer, _, kind = path.rpartition('/')
    return f'{layer}_{"weight" if kind == "kernel" else kind}'


def initialized(name: str, build: Callable[[Weights], Any], shapes: Weights,
                seed: int) -> Classifier:
    """Return the classifier with the random weights that Keras begins with."""
    tensorflow().keras.utils.set_random_seed(seed)
    model = build(shapes)
    weights = {weight_name(variable.path): np.asarray(variable)
               for variable in model.trainable_variables}
    return Classifier(name, build, weights)


def model_of(classifier: Classifier) -> Any:
    """Return the Keras model with the classifier's weights in it."""
    model = classifier.build(classifier.weights)
    for variable in model.trainable_variables:
        variable.assign(classifier.weights[weight_name(variable.path)])
    return model


def logits_of(classifier: Classifier) -> Callable[[Mapping[str, Any], Any], Any]:
    """Return the function from weights by name and pictures to logits; gradients pass it."""
    model = classifier.build(classifier.weights)
    order = [weight_name(variable.path) for variable in model.trainable_variables]

    def logits(weights: Mapping[str, Any], images: Any) -> Any:
        values = [weights[name] for name in order]
        result, _ = model.stateless_call(values, model.non_trainable_variables, images)
        return result

    return logits


def predict(classifier: Classifier, samples: Samples) -> Floats:
    """Return the logits of all samples, (n, classes) float32."""
    tf = tensorflow()
    logits = tf.function(logits_of(classifier), reduce_retracing=True, autograph=False)
    weights = {name: tf.constant(array) for name, array in classifier.weights.items()}
    parts = [np.asarray(logits(weights, samples.inputs(begin, begin + LARGE_BATCH)))
             for begin in range(0, len(samples), LARGE_BATCH)]
    return np.concatenate(parts)


def accuracy(classifier: Classifier, samples: Samples) -> float:
    """Return the share of samples whose class has the largest logit, 0 to 1."""
    chosen = predict(classifier, samples).argmax(axis=1)
    return float(np.mean(chosen == samples.labels))
