# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What every head does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from compressed_detector.detection.tensors import Tensor
from compressed_detector.detection.types import Detections


class Head(Protocol):
    """Turns a network's outputs into candidate detections."""

    def decode(self, outputs: Mapping[str, Tensor], score_threshold: float) -> Detections:
        """
        Return every candidate of at least the score, in pixels of the network's input.

        Outputs are keyed by role. Candidates of one object overlap: suppression comes after.
        """
