# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a build has so far, and what it works on: passed from stage to stage."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compressed_detector.compression.architectures import Architecture
from compressed_detector.compression.convert import Conversion
from compressed_detector.compression.forms import Form
from compressed_detector.compression.labels import Labels
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import Report


@dataclass(frozen=True, eq=False)
class Workplace:
    """
    What stages may use: the architecture, the input size, the user's pictures, a report.

    ``labels`` are those of some of the pictures, if there are any. ``dense`` is the network that
    the build began with, the teacher of those that learn. A stage that takes long keeps its
    progress in ``folder``, which is its own, if there is one.
    """

    architecture: Architecture
    input_size: int
    images: Path | None
    report: Report
    dense: Network
    folder: Path | None = None
    judge: Judge | None = None
    labels: Labels | None = None


@dataclass(frozen=True, eq=False)
class Build:
    """
    The network so far, and how it will be converted.

    ``forms`` say by name which weights are tied, the others are free. ``notes`` say what
    each stage did, for the model's lineage.
    """

    network: Network
    conversion: Conversion = Conversion()
    notes: tuple[dict[str, Any], ...] = field(default=())
    forms: Mapping[str, Form] = field(default_factory=dict)

    def then(self, note: dict[str, Any], **changes: Any) -> Build:
        """Return the build after a stage: with these parts changed, and a note of it."""
        return dataclasses.replace(self, notes=(*self.notes, note), **changes)


# Returns figures by name, such as the agreement with the dense network.
Judge = Callable[[Build], Mapping[str, float]]
