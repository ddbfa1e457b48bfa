# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Small networks and TensorFlow.js graphs for the tests of the workshop."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.compression.architectures import Architecture
from compressed_detector.compression.network import (
    INPUT,
    Add,
    Concat,
    Conv,
    MaxPool,
    Network,
    Normalize,
    ResizeLike,
)

VALID = {'s': base64.b64encode(b'VALID').decode()}


def random_weights(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    """Weights <name>_weight of the given shapes, with biases, of about unit gain."""
    random = np.random.RandomState(seed)
    weights = {}
    for name, shape in shapes.items():
        gain = 1 / np.sqrt(np.prod(shape[:3]))
        weights[f'{name}_weight'] = random.normal(0, gain, shape).astype(np.float32)
        weights[f'{name}_bias'] = random.normal(0, 0.1, shape[3]).astype(np.float32)
    return weights


def tiny_network() -> Network:
    """Every kind of layer once or more, on 3 channels."""
    layers = (
        Normalize('normalize', (INPUT,), (100.0, 110.0, 120.0), (50.0, 60.0, 70.0)),
        Conv('a', ('normalize',), 2, 0.1),
        MaxPool('pool', ('a',)),
        Conv('b', ('pool',), 1, None),
        Concat('both', ('b', 'pool')),
        Conv('c', ('both',), 2, 0.1),
        ResizeLike('up', ('c', 'b')),
        Add('sum', ('b', 'up')),
        Conv('d', ('sum',), 1, None),
    )
    shapes = {'a': (3, 3, 3, 8), 'b': (3, 3, 8, 8), 'c': (3, 3, 16, 8), 'd': (1, 1, 8, 5)}
    return Network(layers, {'fine': 'd', 'coarse': 'c'}, random_weights(shapes))


class GraphWriter:
    """Writes a TensorFlow.js graph model, weights as float16, in one or several shards."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.weights: list[dict[str, Any]] = []
        self.data = b''

    def constant(self, name: str, values: Any) -> str:
        array = np.asarray(values)
        entry: dict[str, Any] = {'name': name, 'shape': list(array.shape), 'dtype': 'int32'}
        if array.dtype.kind == 'f':
            entry['dtype'] = 'float32'
            entry['quantization'] = {'dtype': 'float16', 'original_dtype': 'float32'}
        stored = array.astype('<f2' if array.dtype.kind == 'f' else '<i4')
        self.nodes.append({'name': name, 'op': 'Const', 'attr': {}})
        self.weights.append(entry)
        self.data += stored.tobytes()
        return name

    def node(self, op: str, name: str, inputs: list[str], **attributes: Any) -> str:
        self.nodes.append({'name': name, 'op': op, 'input': inputs, 'attr': attributes})
        return name

    def conv(self, name: str, source: str, kernel: Any, bias: Any, stride: int) -> str:
        """A convolution with explicit padding, then its bias; return the sum's name."""
        border = kernel.shape[0] // 2
        pads = self.constant(f'{name}/pads', [[0, 0], [border] * 2, [border] * 2, [0, 0]])
        padded = self.node('Pad', f'{name}/pad', [source, pads])
        weight = self.constant(f'{name}/kernel', kernel)
        strides = {'list': {'i': ['1', str(stride), str(stride), '1']}}
        self.node('Conv2D', name, [padded, weight], strides=strides, padding=VALID)
        return self.node('Add', f'{name}/add', [name, self.constant(f'{name}/bias', bias)])

    def content(self, shards: list[str]) -> dict[str, Any]:
        return {
            'format': 'graph-model',
            'modelTopology': {'node': self.nodes},
            'weightsManifest': [{'paths': shards, 'weights': self.weights}],
        }

    def write(self, path: Path, shards: int = 1) -> Path:
        names = [f'{path.stem}{index or ""}.bin' for index in range(shards)]
        cut = len(self.data) // shards
        for index, name in enumerate(names):
            end = len(self.data) if index == shards - 1 else (index + 1) * cut
            (path.parent / name).write_bytes(self.data[index * cut:end])
        path.write_text(json.dumps(self.content(names)))
        return path


def tiny_learner(seed: int = 0, width: int = 8) -> Network:
    """A network with the outputs of a GFL head: 2 classes and 4 x 3 bins, at one stride."""
    layers = (
        Normalize('normalize', (INPUT,), (100.0, 110.0, 120.0), (50.0, 60.0, 70.0)),
        Conv('a', ('normalize',), 2, 0.1),
        Conv('b', ('a',), 1, 0.1),
        Conv('c', ('b',), 1, None),
    )
    shapes = {'a': (3, 3, 3, width), 'b': (3, 3, width, width), 'c': (1, 1, width, 14)}
    return Network(layers, {'stride_2': 'c'}, random_weights(shapes, seed))


TINY_LEARNER = Architecture(
    name='tiny_learner', build=lambda weights: Network(
        tiny_learner().layers, {'stride_2': 'c'}, weights),
    size_multiple=2, native_size=32, resize='letterbox_top_left', pad_value=114, color='bgr',
    head='gfl', head_options={'strides': [2], 'bins': 3}, labels=('a', 'b'),
    features=('b',),
)
