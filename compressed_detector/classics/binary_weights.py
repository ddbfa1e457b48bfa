# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Layers whose weights are signs: how they learn, and what they take in bytes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from compressed_detector.classics.classifier import Classifier, Weights
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.parameters import Disguise
from compressed_detector.detection.coding.reader import ByteReader
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

FLOAT_BYTES = 4


def glorot_scale(shape: tuple[int, ...]) -> float:
    """
    Return the magnitude that BinaryConnect gives all weights of a kernel of this shape.

    sqrt(1.5 / (inputs + outputs)), the constant of Glorot and Bengio (2010) as in the authors'
    published code; the receptive field counts with the inputs and with the outputs.
    """
    field = math.prod(shape[:-2])
    return math.sqrt(1.5 / (field * (shape[-2] + shape[-1])))


def connected(kernel: Floats) -> Floats:
    """Return the kernel's signs times one constant (BinaryConnect, deterministic)."""
    scale = np.float32(glorot_scale(kernel.shape))
    return np.where(kernel >= 0, scale, -scale)


def connecting(names: Collection[str]) -> Disguise:
    """
    Return what training computes with in place of the named kernels: see connected.

    The gradients of the binary weights move the real ones behind them (Courbariaux, Bengio,
    David, BinaryConnect, NeurIPS 2015). Those are not clipped.
    """
    tf = tensorflow()

    def disguise(name: str, latent: Any) -> Any:
        if name not in names:
            return latent
        scale = glorot_scale(tuple(latent.shape))
        return latent + tf.stop_gradient(tf.where(latent >= 0, scale, -scale) - latent)

    return disguise


def pack(weights: Weights, binary: Mapping[str, bool]) -> bytes:
    """
    Return all weights as bytes: of binary kernels a bit each and their magnitudes as float32.

    ``binary`` has the names of those, and whether each has a magnitude per output channel or one
    for all. All others are float32, as they are; names and shapes are not in it.
    """
    parts = []
    for name, array in weights.items():
        if name not in binary:
            parts.append(array.astype('<f4').tobytes())
            continue
        scales = np.abs(array).reshape(-1, array.shape[-1])[0]
        kept = scales if binary[name] else scales[:1]
        parts += [np.packbits(array >= 0).tobytes(), kept.astype('<f4').tobytes()]
    return b''.join(parts)


def unpack(content: bytes, shapes: Mapping[str, tuple[int, ...]], binary: Mapping[str, bool]
           ) -> dict[str, Floats]:
    """
    Return the weights of these shapes from what pack made.

    ``binary`` has the names of binary kernels, and whether each has a scale per channel. Raises
    ModelError when the content is shorter or longer than that.
    """
    reader, weights = ByteReader(content, 'binary weights'), {}
    for name, shape in shapes.items():
        count = math.prod(shape)
        if name not in binary:
            weights[name] = _floats(reader, count).reshape(shape)
            continue
        bits = np.frombuffer(reader.take(-(-count // 8)), np.uint8)
        signs = np.unpackbits(bits, count=count).astype(np.float32).reshape(shape) * 2 - 1
        weights[name] = signs * _floats(reader, shape[-1] if binary[name] else 1)
    reader.finish()
    return weights


def _floats(reader: ByteReader, count: int) -> Floats:
    return np.frombuffer(reader.take(FLOAT_BYTES * count), '<f4')


def packed_bytes(weights: Weights, binary: Mapping[str, bool]) -> int:
    """Return what pack takes; raises CompressionError when the weights do not come back."""
    content = pack(weights, binary)
    back = unpack(content, {name: array.shape for name, array in weights.items()}, binary)
    lost = [name for name, array in weights.items() if not np.array_equal(back[name], array)]
    if lost:
        raise CompressionError(f'packing: expected the same weights again, lost {lost}')
    return len(content)


def inner_kernels(classifier: Classifier) -> tuple[str, ...]:
    """Return the kernels between the first and the last one."""
    return classifier.kernels[1:-1]
