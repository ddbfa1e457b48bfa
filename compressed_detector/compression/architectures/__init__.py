# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The networks that the workshop can build, by name."""

from __future__ import annotations

from compressed_detector.compression.architectures.architecture import Architecture
from compressed_detector.compression.architectures.nanodet_g import NANODET_G

ARCHITECTURES: dict[str, Architecture] = {item.name: item for item in (NANODET_G,)}

__all__ = ['ARCHITECTURES', 'Architecture']
