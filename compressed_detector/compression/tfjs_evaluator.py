# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Runs the nodes of a TensorFlow.js graph model one by one: the oracle for a rebuilt network.

It knows only the operations that detectors exported through ONNX are made of, and nothing of
any particular network.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.tfjs import Array, GraphModel, Node
from compressed_detector.errors import CompressionError

Operation = Callable[..., Any]


def evaluate(
    graph: GraphModel, inputs: Mapping[str, Array], outputs: tuple[str, ...]
) -> dict[str, Array]:
    """
    Return the values of the named nodes for given values of the graph's placeholders.

    Raises CompressionError on an unknown operation or a node whose inputs never get a value.
    """
    operations = _operations(tensorflow())
    values: dict[str, Any] = {**graph.constants, **inputs}
    waiting = [node for node in graph.nodes if node.op != 'Placeholder']
    while waiting:
        ready = [node for node in waiting if all(_source(i)[0] in values for i in node.inputs)]
        if not ready:
            raise CompressionError(
                f'node {waiting[0].name!r}: expected inputs {waiting[0].inputs} to be computed '
                'by the graph, got none that computes them'
            )
        for node in ready:
            values[node.name] = _run(node, values, operations)
        done = {node.name for node in ready}
        waiting = [node for node in waiting if node.name not in done]
    missing = [name for name in outputs if name not in values]
    if missing:
        raise CompressionError(f'graph model: expected nodes {missing}, got none of that name')
    return {name: np.asarray(values[name]) for name in outputs}


def _source(reference: str) -> tuple[str, int]:
    """Split a reference to one of several outputs of a node: 'name:1' -> ('name', 1)."""
    name, _, index = reference.partition(':')
    return name, int(index) if index.isdigit() else 0


def _run(node: Node, values: Mapping[str, Any], operations: Mapping[str, Operation]) -> Any:
    if node.op not in operations:
        raise CompressionError(
            f'node {node.name!r}: expected one of {sorted(operations)}, got {node.op!r}'
        )
    arguments = []
    for reference in node.inputs:
        name, index = _source(reference)
        value = values[name]
        arguments.append(value[index] if isinstance(value, list) else value)
    try:
        return operations[node.op](node.attributes, *arguments)
    except Exception as error:  # TensorFlow's kernels raise types of their own
        raise CompressionError(f'node {node.name!r} ({node.op}) cannot be run: {error}') from error


def _operations(tf: Any) -> dict[str, Operation]:
    return {
        'Add': lambda a, x, y: x + y,
        'AddV2': lambda a, x, y: x + y,
        'ConcatV2': lambda a, *xs: tf.concat(xs[:-1], int(xs[-1])),
        'Conv2D': lambda a, x, w: tf.nn.conv2d(x, w, _integers(a, 'strides'), _padding(a)),
        'Identity': lambda a, x: x,
        'LeakyRelu': lambda a, x: tf.nn.leaky_relu(x, a['alpha']['f']),
        'MaxPool': lambda a, x: tf.nn.max_pool2d(
            x, _integers(a, 'ksize'), _integers(a, 'strides'), _padding(a)
        ),
        'Pad': lambda a, x, padding: tf.pad(x, padding),
        'PadV2': lambda a, x, padding, value: tf.pad(x, padding, constant_values=value),
        'Reshape': lambda a, x, shape: tf.reshape(x, shape),
        'ResizeBilinear': lambda a, x, size: tf.raw_ops.ResizeBilinear(
            images=x, size=size, align_corners=a['align_corners']['b'],
            half_pixel_centers=a['half_pixel_centers']['b'],
        ),
        'Sigmoid': lambda a, x: tf.sigmoid(x),
        'SparseToDense': _sparse_to_dense,
        'SplitV': lambda a, x, sizes, axis: tf.split(x, sizes, int(axis)),
        'Transpose': lambda a, x, order: tf.transpose(x, order),
    }


def _sparse_to_dense(attributes: Mapping[str, Any], indices: Array, shape: Array, values: Array,
                     default: Array) -> Array:
    dense = np.full(shape, default)
    dense[tuple(indices.T)] = values
    return dense


def _integers(attributes: Mapping[str, Any], key: str) -> list[int]:
    return [int(value) for value in attributes[key]['list']['i']]


def _padding(attributes: Mapping[str, Any]) -> str:
    return base64.b64decode(attributes['padding']['s']).decode()
