# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The ranges that int8 has to span: which tensors share one, and how wide they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from compressed_detector.compression.clipping import least_error
from compressed_detector.compression.keras_network import build_model, tensor_name
from compressed_detector.compression.network import (
    INPUT,
    Concat,
    Layer,
    MaxPool,
    Network,
    ResizeLike,
)
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

# The lowest and the highest value by the name of a tensor (see build_model's ``after``).
Ranges = Mapping[str, tuple[float, float]]

# Then a quantized input is the pixel itself.
PIXELS = (0.0, 255.0)
# Values that are kept per picture of what comes before a LeakyReLU, and in all.
SAMPLES, ALL_SAMPLES = 2048, 100_000


def range_owners(network: Network) -> dict[str, str]:
    """
    Return, for every tensor that int8 rounds, one tensor that all with the same range share.

    TFLite's int8 Concat, MaxPool and ResizeLike have the same scale for inputs and result, so
    that the tensors around them have one range. What Concat and MaxPool give is not rounded
    again: those are left out.
    """
    owners = {INPUT: INPUT}
    for layer in network.layers:
        owners[layer.name] = tensor_name(layer)
        for name in _same_scale(layer):
            old, new = owners[layer.name], owners[name]
            owners = {key: new if owner == old else owner for key, owner in owners.items()}
    results = {
        tensor_name(layer): owners[layer.name] for layer in network.layers
        if not isinstance(layer, (Concat, MaxPool))
    }
    return {INPUT: INPUT, **results, **{name: name for name in _slopes(network)}}


def _same_scale(layer: Layer) -> tuple[str, ...]:
    """Return the inputs of a layer that have its result's scale."""
    if isinstance(layer, ResizeLike):
        return layer.inputs[:1]
    return layer.inputs if isinstance(layer, (Concat, MaxPool)) else ()


def _slopes(network: Network) -> dict[str, float]:
    """Return the slopes of the LeakyReLUs by what they take; a ReLU is part of a convolution."""
    return {conv.name: conv.negative_slope for conv in network.convolutions if conv.negative_slope}


def calibrate(network: Network, input_size: int, pictures: Iterable[Floats]) -> Ranges:
    """
    Return the range of every tensor that int8 rounds.

    It reaches from the lowest to the highest value over the pictures (1, input_size, input_size,
    channels), 0 to 255; before a LeakyReLU as far as is best behind it. The image's is that of
    all pixels. Raises CompressionError when there are no pictures.
    """
    owners, slopes = range_owners(network), _slopes(network)
    compute = _observer(network, input_size, owners, slopes)
    ends = dict.fromkeys(owners.values(), (0.0, 0.0))
    samples: dict[str, list[Floats]] = {name: [] for name in slopes}
    empty = True
    for picture in pictures:
        empty = False
        bounds, values = compute(picture)
        for name, (low, high) in bounds.items():
            lowest, highest = ends[owners[name]]
            ends[owners[name]] = (min(lowest, float(low)), max(highest, float(high)))
        for name, taken in values.items():
            samples[name].append(np.asarray(taken))
    if empty:
        raise CompressionError('ranges: expected pictures to take them from, got none')
    for name, slope in slopes.items():
        taken = np.concatenate(samples[name])
        ends[name] = least_error(taken[::-(-taken.size // ALL_SAMPLES)], ends[name], slope)
    return {name: ends[owner] for name, owner in owners.items()} | {INPUT: PIXELS}


def _observer(
    network: Network, input_size: int, owners: Mapping[str, str], slopes: Mapping[str, float]
) -> Any:
    """Return what computes, for an image, ends (2,) and samples (SAMPLES,) by tensor."""
    keras = tensorflow().keras
    random = np.random.default_rng(0)
    bounds: dict[str, Any] = {}
    values: dict[str, Any] = {}

    def watch(name: str, tensor: Any) -> Any:
        if name in owners:
            bounds[name] = keras.ops.stack([keras.ops.min(tensor), keras.ops.max(tensor)])
        if name in slopes:
            places = random.integers(0, np.prod(tensor.shape[1:]), SAMPLES)
            values[name] = keras.ops.take(tensor, places)
        return tensor

    model = build_model(network, input_size, after=watch)
    return tensorflow().function(keras.Model(model.input, (bounds, values)))
