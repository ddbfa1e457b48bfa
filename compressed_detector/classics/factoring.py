# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The layers of a classifier in two factors each: by their weights alone, or by their inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.measurements import WeightedLayer, weighted_layers
from compressed_detector.compression.calibrated import MeasureOf
from compressed_detector.compression.low_rank import REDUCE_SUFFIX, factors, spectrum
from compressed_detector.compression.moments import Doubles
from compressed_detector.compression.refit import Fit, as_floats, best_bias, matrix, ridge
from compressed_detector.detection.types import Floats

# Of the mean variance of the inputs, as compression.low_rank_stage has it.
RIDGE = 1e-3


def rank_for(kernel: Doubles, share: float) -> int:
    """
    Return the rank at which two factors take this share of a layer's operations, 1 at least.

    ``kernel`` is (patch, outputs).
    """
    patch, outputs = kernel.shape
    return max(1, round(share * patch * outputs / (patch + outputs)))


def factored(
    classifier: Classifier, layers: Sequence[WeightedLayer], share: float,
    measure: MeasureOf[Classifier] | None,
) -> Classifier:
    """
    Return the classifier with each layer in two, at this share of its operations.

    Without ``measure`` by singular value decomposition of the kernels (Denton et al., Exploiting
    Linear Structure Within Convolutional Networks, NeurIPS 2014); with it by reduced-rank
    regression of what the layers compute, one after the other, so that each makes up for what
    those before it have lost (Zhang et al., 2015; see compression.low_rank).
    """
    for layer in layers:
        kernel, bias = matrix(classifier, layer), classifier.weights[layer.bias_name]
        moments = None if measure is None else measure(classifier, [layer.name])[layer.name]
        if moments is None:
            fit = Fit(kernel, bias.astype(np.float64), np.eye(len(kernel)))
        else:
            fit = ridge(moments, RIDGE, kernel)
        parts = spectrum(fit, np.eye(kernel.shape[1]))
        pair = factors(parts, rank_for(kernel, share))
        biases = fit.bias if moments is None else best_bias(pair.reduce @ pair.expand, moments)
        classifier = _replaced(classifier, layer, pair.reduce, pair.expand, biases)
    return classifier


def _replaced(
    classifier: Classifier, layer: WeightedLayer, reduce: Doubles, expand: Doubles, bias: Doubles
) -> Classifier:
    shape = classifier.weights[layer.weight_name].shape
    # Of a convolution, the second one is 1x1.
    points = (1,) * (len(shape) - 2)
    made = as_floats({
        f'{layer.name}{REDUCE_SUFFIX}_weight': reduce.reshape(*shape[:-1], reduce.shape[1]),
        layer.weight_name: expand.reshape(*points, *expand.shape),
        layer.bias_name: bias,
    })
    weights: dict[str, Floats] = {}
    for name, array in classifier.weights.items():
        # In the order of computation, which the names of weights come in.
        weights.update(made if name == layer.weight_name else {name: made.get(name, array)})
    return classifier.with_weights(weights)


def hidden_layers(classifier: Classifier) -> tuple[WeightedLayer, ...]:
    """Return the layers but the last, whose rank the number of classes bounds already."""
    return weighted_layers(classifier)[:-1]
