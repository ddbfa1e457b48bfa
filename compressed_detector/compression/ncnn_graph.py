# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a network as data to the two files of ncnn: to be compared with it."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

import numpy as np

from compressed_detector.compression.network import (
    INPUT,
    Add,
    Concat,
    Conv,
    Layer,
    MaxPool,
    Network,
    Normalize,
    ResizeLike,
)

MAGIC = 7767517
# Before weights: they are float32 as they stand.
FLOAT32 = np.uint32(0).tobytes()
METHODS = {'nearest': 1, 'bilinear': 2}
RELU, LEAKY_RELU = 1, 2


def encode(network: Network, input_size: int) -> tuple[str, bytes]:
    """
    Return the graph (.param) and the weights (.bin), float32, of a network for ncnn.

    It takes the blob ``image`` (channels, input_size, input_size); the blob of the name of each
    role is (channels, height, width).
    """
    writer = _Writer(network, input_size)
    for layer in network.layers:
        writer.add(layer)
    return writer.finish()


class _Writer:
    """Collects the lines of the graph and the bytes of the weights."""

    def __init__(self, network: Network, input_size: int) -> None:
        self._network, self._shapes = network, network.shapes(input_size)
        self._lines: list[str] = []
        self._blobs = 0
        self._weights: list[bytes] = []
        uses = [name for layer in network.layers for name in self._inputs(layer)]
        self._uses = collections.Counter([*uses, *network.outputs.values()])
        # In ncnn every blob is read once: what is read more often is split.
        self._copies: dict[str, list[str]] = {}
        height, width, channels = self._shapes[INPUT]
        self._layer('Input', [], INPUT, {0: width, 1: height, 2: channels})

    def add(self, layer: Layer) -> None:
        """Add a layer."""
        make: Any = {
            Normalize: self._normalize, Conv: self._convolve, MaxPool: self._max_pool,
            Concat: self._concatenate, Add: self._add, ResizeLike: self._resize,
        }[type(layer)]
        make(layer, [self._copies[name].pop() for name in self._inputs(layer)])

    def finish(self) -> tuple[str, bytes]:
        """Return graph and weights."""
        for role, name in self._network.outputs.items():
            self._line('Noop', role, [self._copies[name].pop()], [role], {})
        head = [str(MAGIC), f'{len(self._lines)} {self._blobs}']
        return '\n'.join([*head, *self._lines]) + '\n', b''.join(self._weights)

    @staticmethod
    def _inputs(layer: Layer) -> tuple[str, ...]:
        # The size of the second input of a resize is known, so that it is not read.
        return layer.inputs[:1] if isinstance(layer, ResizeLike) else layer.inputs

    def _normalize(self, layer: Normalize, inputs: Sequence[str]) -> None:
        scale = 1 / np.array(layer.std, np.float32)
        offset = -np.array(layer.mean, np.float32) * scale
        self._layer('Scale', inputs, layer.name, {0: len(scale), 1: 1})
        self._weights += [scale.tobytes(), offset.astype(np.float32).tobytes()]

    def _convolve(self, layer: Conv, inputs: Sequence[str]) -> None:
        kernel = self._network.weights[layer.weight_name].transpose(3, 2, 0, 1)
        bias = self._network.weights[layer.bias_name]
        size = kernel.shape[2]
        options: dict[int, Any] = {0: len(bias), 1: size, 3: layer.stride, 5: 1, 6: kernel.size,
                                   **self._pads(layer, size)}
        if layer.negative_slope == 0:
            options[9] = RELU
        elif layer.negative_slope is not None:
            options |= {9: LEAKY_RELU, -23310: f'1,{layer.negative_slope:.9g}'}
        self._layer('Convolution', inputs, layer.name, options)
        self._weights += [FLOAT32, kernel.astype(np.float32).tobytes(),
                          bias.astype(np.float32).tobytes()]

    def _pads(self, layer: Conv, size: int) -> dict[int, int]:
        height, width = self._shapes[layer.inputs[0]][:2]
        (top, bottom), (left, right) = layer.padding(height, size), layer.padding(width, size)
        return {4: left, 15: right, 14: top, 16: bottom}

    def _max_pool(self, layer: MaxPool, inputs: Sequence[str]) -> None:
        # 5 is how padding is counted: as it is given. 3, 13, 14, 15: left, top, right, bottom.
        before, behind = layer.before, layer.size - 2 - layer.before
        self._layer('Pooling', inputs, layer.name, {
            0: 0, 1: layer.size, 2: 2, 3: before, 13: before, 14: behind, 15: behind, 5: 1})

    def _concatenate(self, layer: Concat, inputs: Sequence[str]) -> None:
        self._layer('Concat', inputs, layer.name, {0: 0})

    def _add(self, layer: Add, inputs: Sequence[str]) -> None:
        self._layer('BinaryOp', inputs, layer.name, {0: 0})

    def _resize(self, layer: ResizeLike, inputs: Sequence[str]) -> None:
        height, width, _ = self._shapes[layer.name]
        self._layer('Interp', inputs, layer.name, {0: METHODS[layer.method], 3: height, 4: width})

    def _layer(
        self, kind: str, inputs: Sequence[str], name: str, options: dict[int, Any]
    ) -> None:
        """Add a layer whose result has its name, and what copies the result if it has to be."""
        self._line(kind, name, inputs, [name], options)
        copies = [name]
        if (count := self._uses[name]) > 1:
            copies = [f'{name}_{number}' for number in range(count)]
            self._line('Split', f'{name}_split', [name], copies, {})
        self._copies[name] = copies

    def _line(
        self, kind: str, name: str, inputs: Sequence[str], outputs: Sequence[str],
        options: dict[int, Any],
    ) -> None:
        self._blobs += len(outputs)
        self._lines.append(' '.join([
            kind, name, str(len(inputs)), str(len(outputs)), *inputs, *outputs,
            *(f'{key}={value}' for key, value in options.items()),
        ]))
