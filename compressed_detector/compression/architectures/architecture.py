# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the workshop needs to know about a family of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compressed_detector.compression.network import Network
from compressed_detector.detection.types import Floats

Weights = Mapping[str, Floats]


@dataclass(frozen=True)
class Architecture:
    """
    A family of networks: how to build one from weights, and what its manifest says.

    ``build`` returns the network for given weights; channel counts follow from their shapes.
    Input sizes are multiples of ``size_multiple`` pixels; it was trained at ``native_size``.
    Images are fitted in as ``resize`` says, padded with ``pad_value``, in the channel order
    ``color``; they enter as they are, since networks normalize. ``features`` are the layers
    whose results a compressed network should have, too.
    """

    name: str
    build: Callable[[Weights], Network]
    size_multiple: int
    native_size: int
    resize: str
    pad_value: int
    color: str
    head: str
    head_options: Mapping[str, Any]
    labels: tuple[str, ...]
    features: tuple[str, ...] = ()
