# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Tiny models whose kernel of 19 x 3 x 3 x 3 floats is what a test puts there, and archives."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
from tiny_detector import TINY_MODELS

from compressed_detector.compression.flatbuffer import constants
from compressed_detector.detection.bundle import Bundle

SHAPE = (19, 3, 3, 3)


def with_kernel(kernel: npt.NDArray[Any]) -> Bundle:
    """Return tiny_gfl_float with another kernel, and the manifest that fits."""
    original = Bundle.load(TINY_MODELS / 'tiny_gfl_float.json')
    (constant,) = (item for item in constants(original.model) if item.shape == SHAPE)
    model = bytearray(original.model)
    data = np.ascontiguousarray(kernel, np.float32).tobytes()
    assert len(data) == constant.size
    model[constant.offset:constant.offset + constant.size] = data
    manifest = dataclasses.replace(
        original.manifest, sha256=hashlib.sha256(model).hexdigest()
    )
    return Bundle(manifest, bytes(model))


def shared_kernel() -> npt.NDArray[np.float32]:
    """Return weights out of eight."""
    values = np.linspace(-1, 1, 8, dtype=np.float32)
    return np.random.default_rng(0).choice(values, SHAPE)


def pruned_kernel() -> npt.NDArray[np.float32]:
    """Return weights out of eight, most of them in two output channels and zero elsewhere."""
    kernel = shared_kernel()
    kernel[2:] = 0
    kernel[17, 1, 1, 1] = 1
    return kernel


def pruned_inputs() -> npt.NDArray[np.float32]:
    """Return weights out of eight, of one input channel only."""
    kernel = shared_kernel()
    kernel[..., 1:] = 0
    return kernel


def rows_of_their_own() -> npt.NDArray[np.float32]:
    """Return weights out of two, different ones for each output channel."""
    values = np.random.default_rng(2).normal(size=(19, 2)).astype(np.float32)
    return np.take_along_axis(values, (shared_kernel().reshape(19, -1) > 0).astype(int), axis=1)


def exponents() -> npt.NDArray[np.float32]:
    """Return all different weights, whose upper bytes are few."""
    return np.random.default_rng(1).uniform(1, 2, SHAPE).astype(np.float32)
