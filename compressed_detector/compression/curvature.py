# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How the outputs of a network respond to errors of its layers.

An error in one direction of a layer's pre-activations may change nothing; in another one it
moves every box. For a random draw v on the outputs, the gradient g of v' output by a layer's
pre-activations has the covariance J' C J with the layer's Jacobian J and the covariance C of v.
When v is the gradient of the log-likelihood of something drawn from what the outputs predict,
that is the Fisher information, and half of e' J' C J e is the Kullback-Leibler divergence that a
small error e causes (Martens, New Insights and Perspectives on the Natural Gradient Method, JMLR
2020). One backward pass serves all layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from compressed_detector.compression.architectures import Architecture
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.moments import Doubles
from compressed_detector.compression.network import Network
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

SIDES = 4
# Maps an output (1, rows, columns, channels), a TensorFlow tensor, to a random v of its shape.
# The second argument is a seed, a tensor of two integers.
Draw = Callable[[Any, Any], Any]
# Called with a convolution's negative slope, its result after that, and the gradient by it.
MeasureLayer = Callable[[float | None, Any, Any], Any]


def output_curvatures(
    network: Network, pictures: Iterable[Floats], input_size: int, draw: Draw, seed: int
) -> dict[str, Doubles]:
    """
    Return how the outputs respond to errors of every convolution, (channels, channels) by name.

    It is the sum over all places of a picture, on average over pictures (1, input_size,
    input_size, channels), of J' C J for errors of the pre-activations at one place. Raises
    CompressionError without pictures.
    """
    tf = tensorflow()

    def products(slope: float | None, result: Any, gradient: Any) -> Any:
        if slope is not None:
            gradient *= tf.where(result < 0, slope, 1.0)
        return tf.einsum('bhwc,bhwd->cd', gradient, gradient)

    return _averages(network, input_size, draw, products, pictures, seed)


def taylor_saliencies(
    network: Network, pictures: Iterable[Floats], input_size: int, draw: Draw, seed: int
) -> dict[str, Doubles]:
    """
    Return what the outputs would lose with every channel, to first order, (channels,) by name.

    That is |gradient x activation|, summed over the places of a picture before the absolute
    value is taken, on average over pictures (1, input_size, input_size, channels), for every
    convolution (Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient
    Inference, ICLR 2017). Raises CompressionError without pictures.
    """
    tf = tensorflow()

    def losses(slope: float | None, result: Any, gradient: Any) -> Any:
        return tf.abs(tf.reduce_sum(gradient * result, axis=(0, 1, 2)))

    return _averages(network, input_size, draw, losses, pictures, seed)


def _averages(
    network: Network, input_size: int, draw: Draw, measure: MeasureLayer,
    pictures: Iterable[Floats], seed: int,
) -> dict[str, Doubles]:
    gradients = _gradients(network, input_size, draw, measure)
    sums: dict[str, Doubles] = {}
    count = 0
    for picture in pictures:
        for name, product in gradients(picture, np.array([seed, count], np.int32)).items():
            sums[name] = sums.get(name, 0) + np.asarray(product, np.float64)
        count += 1
    if not count:
        raise CompressionError('curvatures: expected pictures, got none')
    return {name: total / count for name, total in sums.items()}


def _gradients(network: Network, input_size: int, draw: Draw, measure: MeasureLayer) -> Any:
    tf = tensorflow()
    slopes = {conv.name: conv.negative_slope for conv in network.convolutions}
    results = {name: name for name in (*slopes, *network.outputs.values())}
    model = build_model(network, input_size, results)

    def measures(picture: Any, seed: Any) -> Mapping[str, Any]:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            computed = model(picture)
            loss = tf.add_n([
                tf.reduce_sum(tf.stop_gradient(draw(computed[name], seed + 2 * index))
                              * computed[name])
                for index, name in enumerate(network.outputs.values())
            ])
        after = tape.gradient(loss, {name: computed[name] for name in slopes},
                              unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return {name: measure(slope, computed[name], after[name])
                for name, slope in slopes.items()}

    return tf.function(measures, autograph=False)


def draw_for(architecture: Architecture) -> Draw:
    """Return the draw for what an architecture's outputs mean."""
    if architecture.head == 'gfl':
        bins = int(architecture.head_options['bins'])
        return gfl_draw(len(architecture.labels), bins)
    return signs


def signs(output: Any, seed: Any) -> Any:
    """Draw +1 or -1 for every value: all outputs count alike, whatever they mean."""
    tf = tensorflow()
    return tf.sign(tf.random.stateless_uniform(tf.shape(output), seed) - 0.5)


def gfl_draw(classes: int, bins: int) -> Draw:
    """
    Return the draw for logits of classes, then of the bins of four distances.

    Whether there is an object of a class is drawn from the class's probability. Distances are
    drawn from the bins; they matter as far as there is an object at all.
    """
    def draw(output: Any, seed: Any) -> Any:
        tf = tensorflow()
        probabilities = tf.sigmoid(output[..., :classes])
        drawn = tf.random.stateless_uniform(tf.shape(probabilities), seed) < probabilities
        logits = tf.reshape(output[..., classes:], (-1, bins))
        chosen = tf.random.stateless_categorical(logits, 1, seed + 1)[:, 0]
        certainty = tf.repeat(tf.reshape(tf.reduce_max(probabilities, axis=-1), (-1, 1)), SIDES, 0)
        distances = (tf.nn.softmax(logits) - tf.one_hot(chosen, bins)) * tf.sqrt(certainty)
        shape = (*output.shape[:3], SIDES * bins)
        of_classes = probabilities - tf.cast(drawn, output.dtype)
        return tf.concat([of_classes, tf.reshape(distances, shape)], axis=-1)

    return draw
