# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What every head does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from compressed_detector.detection.tensors import Tensor
from compressed_detector.detection.types import Detections
from compressed_detector.errors import ModelError


class Head(Protocol):
    """
    Turns a network's outputs into candidate detections.

    Made from the shapes of the outputs by role, the number of labels, the input's width and
    height in pixels, and the manifest's ``head_options`` as keywords.
    """

    def decode(self, outputs: Mapping[str, Tensor], score_threshold: float) -> Detections:
        """
        Return every candidate of at least the score, in pixels of the network's input.

        Outputs are keyed by role. Candidates of one object overlap: suppression comes after.
        """


def check_roles(head: str, found: Collection[str], expected: Collection[str]) -> None:
    """Raise ModelError unless the outputs have exactly the roles that a head reads."""
    if set(found) != set(expected):
        raise ModelError(
            f'{head} head: expected outputs {sorted(expected)}, got {sorted(found)}'
        )


def check_switch(head: str, name: str, value: object) -> None:
    """Raise ModelError unless an option is true or false."""
    if not isinstance(value, bool):
        raise ModelError(f'{head} head: expected {name} to be true or false, got {value!r}')
