# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a build has so far, and what it works on: passed from stage to stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compressed_detector.compression.architectures import Architecture
from compressed_detector.compression.convert import Calibration
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import Report


@dataclass(frozen=True)
class Workplace:
    """What stages may use: the architecture, the input size, the user's pictures, a report."""

    architecture: Architecture
    input_size: int
    images: Path | None
    report: Report


@dataclass(frozen=True, eq=False)
class Build:
    """
    The network so far, and how it will be converted.

    Without ``calibration`` the conversion is to float32. ``notes`` say what each stage did, for
    the model's lineage.
    """

    network: Network
    calibration: Calibration | None = None
    notes: tuple[dict[str, Any], ...] = field(default=())
