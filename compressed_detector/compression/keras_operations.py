# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the operations of a Keras 3 model say of themselves."""

from __future__ import annotations

from typing import Any

from compressed_detector.errors import CompressionError

# Keras 3's default of keras.activations.leaky_relu.
LEAKY_RELU = 0.2


def sources_of(operation: Any) -> list[str]:
    """Return the names of the operations whose results one reads; raises CompressionError."""
    nodes = operation._inbound_nodes
    if len(nodes) > 1:
        raise refusal(operation, 'is used more than once: shared weights are not known here')
    tensors = nodes[0].input_tensors if nodes else ()
    return [tensor._keras_history.operation.name for tensor in tensors]


def slope_of(operation: Any) -> float | None:
    """
    Return the slope of an operation's activation below zero, None where it is linear.

    Raises CompressionError for activations that are neither linear nor ReLU of some kind.
    """
    activation = operation.activation
    name = getattr(activation, '__name__', type(activation).__name__)
    slopes = {'linear': None, 'relu': 0.0, 'leaky_relu': LEAKY_RELU}
    if name in slopes:
        return slopes[name]
    if name in ('LeakyReLU', 'ReLU') and getattr(activation, 'max_value', None) is None:
        return float(activation.negative_slope)
    raise refusal(operation, f'has the activation {name}; known: relu, leaky_relu and linear')


def refusal(operation: Any, why: str) -> CompressionError:
    """Return the error that says why an operation cannot be imported."""
    return CompressionError(f'layer {operation.name!r} {why}')
