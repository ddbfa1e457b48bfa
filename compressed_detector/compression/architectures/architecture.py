# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the workshop needs to know about a family of networks."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compressed_detector.compression.architectures.heads import keep_classes
from compressed_detector.compression.network import Network
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

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

    def of_classes(self, classes: Sequence[str]) -> Architecture:
        """
        Return the architecture whose heads know only these of its classes, in its own order.

        Raises CompressionError when it does not know one, or there is none.
        """
        unknown = [name for name in classes if name not in self.labels]
        if unknown or not classes:
            raise CompressionError(f'classes: expected some of those of {self.name}, '
                                   f'{self._hint(unknown)}')
        kept = [number for number, name in enumerate(self.labels) if name in classes]
        return dataclasses.replace(
            self, labels=tuple(self.labels[number] for number in kept),
            build=lambda weights: keep_classes(self.build(weights), kept, len(self.labels)),
        )

    def _hint(self, unknown: list[str]) -> str:
        if not unknown:
            return 'got none'
        near = difflib.get_close_matches(unknown[0], self.labels, n=1)
        known = f'did you mean {near[0]!r}?' if near else f'known: {", ".join(self.labels)}'
        return f'got {unknown[0]!r}; {known}'
