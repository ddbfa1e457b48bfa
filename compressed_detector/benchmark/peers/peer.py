# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a peer is given, and what is asked of it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from compressed_detector.detection.types import Floats
from compressed_detector.errors import BenchmarkError

REMEDY = 'python3 -m pip install -r requirements/peers.txt'


@dataclass(frozen=True, eq=False)
class Exported:
    """
    One network of float32 in the formats of all peers.

    It takes pixels, 0 to 255; ``roles`` are the names of its outputs. ``ncnn`` are its graph and
    its weights. ``pictures`` are inputs (1, height, width, channels) to calibrate on.
    """

    onnx: bytes
    ncnn: tuple[str, bytes]
    roles: tuple[str, ...]
    pictures: Sequence[Floats]


class Runner(Protocol):
    """A network in a runtime, ready to be run again and again."""

    def set_pixels(self, pixels: Floats) -> None:
        """Give it a picture (1, height, width, channels), 0 to 255."""

    def run(self) -> object:
        """Compute, from an array to arrays."""

    def outputs(self) -> Mapping[str, Floats]:
        """Return what it computes by role, (1, height, width, channels)."""


# Returns a network with so many threads.
Opener = Callable[[int], Runner]


@dataclass(frozen=True)
class Peer:
    """Another runtime; ``prepare`` gives it a network, once for all numbers of threads."""

    name: str
    precision: str
    packages: tuple[str, ...]
    licence: str
    prepare: Callable[[Exported], Opener]

    @property
    def version(self) -> str:
        """Its packages and their versions; raises BenchmarkError when one is not installed."""
        try:
            return ', '.join(f'{name} {importlib.metadata.version(name)}'
                             for name in self.packages)
        except importlib.metadata.PackageNotFoundError as error:
            raise BenchmarkError(f'not installed: {error.name}; {REMEDY}') from error


def channels_first(pixels: Floats) -> Floats:
    """Return (1, height, width, channels) as (1, channels, height, width)."""
    contiguous: Floats = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    return contiguous


def channels_last(values: Floats) -> Floats:
    """Return (1, channels, height, width) as (1, height, width, channels)."""
    transposed: Floats = values.transpose(0, 2, 3, 1)
    return transposed
