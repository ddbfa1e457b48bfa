# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the layers of a classifier see: second moments of their inputs, curvatures of the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compressed_detector.classics.classifier import Classifier, logits_of, model_of
from compressed_detector.classics.data import Samples
from compressed_detector.compression.moments import Doubles, Moments, Sampling, Sums
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

# Pictures whose patches are in memory at once.
BATCH = 500
# Maps pictures (batch, height, width, 1) to the inputs of layers, (batch, ...), by name.
LayerInputs = Callable[[Floats], Mapping[str, Floats]]


@dataclass(frozen=True)
class WeightedLayer:
    """A layer of a classifier: its kernel's last axis is its outputs."""

    name: str

    @property
    def weight_name(self) -> str:
        """The key of the kernel among the classifier's weights."""
        return f'{self.name}_weight'

    @property
    def bias_name(self) -> str:
        """The key of the bias among the classifier's weights."""
        return f'{self.name}_bias'


def weighted_layers(classifier: Classifier) -> tuple[WeightedLayer, ...]:
    """Return the layers that have kernels, in the order of computation."""
    return tuple(WeightedLayer(name.removesuffix('_weight')) for name in classifier.kernels)


def layer_moments(
    student: Classifier, reference: Classifier, names: Sequence[str], samples: Samples,
    sampling: Sampling,
) -> dict[str, Moments]:
    """
    Return the moments of the named layers' inputs in a student, by name.

    The targets are the pre-activations of the reference. Of a convolution, ``sampling`` chooses
    the same places in every picture of a batch. Raises CompressionError for convolutions that
    are padded or strided.
    """
    given, wanted = (layer_inputs(net, names) for net in (student, reference))
    sums = {name: Sums() for name in names}
    for begin in range(0, len(samples), BATCH):
        images = samples.inputs(begin, begin + BATCH)
        seen, aimed = given(images), wanted(images)
        for name in names:
            inputs = _rows(student, name, seen[name], sampling, begin)
            targets = _rows(reference, name, aimed[name], sampling, begin)
            sums[name].add(inputs, targets @ _affine(reference, name))
    return {name: sums[name].moments() for name in names}


def layer_inputs(classifier: Classifier, names: Sequence[str]) -> LayerInputs:
    """Return the function from pictures to what the named layers are given."""
    tf = tensorflow()
    model = model_of(classifier)
    layers = [model.get_layer(name) for name in names]
    for layer in layers:
        if getattr(layer, 'padding', 'valid') != 'valid' or set(
                getattr(layer, 'strides', (1,))) != {1}:
            raise CompressionError(
                f'{layer.name}: expected a convolution without padding and strides')
    # By name: of a list of one, Keras returns the one.
    part = tf.keras.Model(model.input, {layer.name: layer.input for layer in layers})
    compute = tf.function(lambda images: part(images), reduce_retracing=True, autograph=False)

    def extract(images: Floats) -> Mapping[str, Floats]:
        return {name: np.asarray(value) for name, value in compute(images).items()}

    return extract


def _rows(
    classifier: Classifier, name: str, features: Floats, sampling: Sampling, begin: int
) -> Doubles:
    """Return what the layer multiplies with its kernel, and 1: (samples, inputs + 1)."""
    kernel = classifier.weights[f'{name}_weight']
    if kernel.ndim == 4:
        views = np.lib.stride_tricks.sliding_window_view(features, kernel.shape[:2], axis=(1, 2))
        rows, columns = sampling.choose(views.shape[1], views.shape[2], begin)
        # (batch, places, channels, height, width): a kernel's axes have the channels last.
        features = views[:, rows, columns].transpose(0, 1, 3, 4, 2)
    patches = features.reshape(-1, kernel[..., 0].size)
    return np.concatenate([patches, np.ones((len(patches), 1))], axis=1, dtype=np.float64)


def _affine(classifier: Classifier, name: str) -> Doubles:
    kernel = classifier.weights[f'{name}_weight'].astype(np.float64)
    return np.vstack([kernel.reshape(-1, kernel.shape[-1]), classifier.weights[f'{name}_bias']])


def layer_macs(classifier: Classifier) -> dict[str, int]:
    """Return the multiplications (with additions) of one picture, by name of the layer."""
    model = classifier.build(classifier.weights)
    return {
        layer.name: classifier.weights[layer.weight_name].size * int(np.prod(
            model.get_layer(layer.name).output.shape[1:-1]))
        for layer in weighted_layers(classifier)
    }


def loss_curvatures(classifier: Classifier, samples: Samples, seed: int) -> dict[str, Doubles]:
    """
    Return the mean squared gradient of the loss by every weight, by weight name.

    For labels drawn from what the classifier predicts it is an estimate of the diagonal of the
    Fisher information, which for a cross-entropy is the Gauss-Newton approximation of the
    Hessian that LeCun, Denker and Solla use (Optimal Brain Damage, 1990, equation 8).
    """
    tf = tensorflow()
    logits = logits_of(classifier)
    weights = {name: tf.constant(array) for name, array in classifier.weights.items()}

    def squares(image: Any, draw: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch(list(weights.values()))
            found = logits(weights, image)
            label = tf.random.stateless_categorical(found, 1, draw)[:, 0]
            loss = tf.reduce_sum(
                tf.nn.sparse_softmax_cross_entropy_with_logits(label, found))
        return [tf.square(item) for item in tape.gradient(loss, list(weights.values()))]

    one = tf.function(squares, autograph=False)
    sums = [np.zeros(array.shape) for array in classifier.weights.values()]
    for index in range(len(samples)):
        found = one(samples.inputs(index, index + 1), np.array([seed, index], np.int32))
        for total, square in zip(sums, found):
            total += np.asarray(square)
    return {name: total / len(samples) for name, total in zip(weights, sums)}
