# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Layers as JSON, for files that have to build a network without its code."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from compressed_detector.compression.network import (
    Add,
    Concat,
    Conv,
    Layer,
    MaxPool,
    Normalize,
    ResizeLike,
)

KINDS = {kind.__name__: kind for kind in (Add, Concat, Conv, MaxPool, Normalize, ResizeLike)}


def to_json(layers: Iterable[Layer]) -> list[dict[str, Any]]:
    """Return the layers, each with its kind and its fields."""
    return [{'kind': type(layer).__name__, **dataclasses.asdict(layer)} for layer in layers]


def from_json(items: Iterable[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """Return the layers again; raises KeyError or TypeError for anything else."""
    return tuple(_layer(dict(item)) for item in items)


def _layer(values: dict[str, Any]) -> Layer:
    kind: Any = KINDS[values.pop('kind')]
    # JSON has no tuples.
    layer: Layer = kind(**{
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    })
    return layer
