# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Output conventions of detectors: one file each, chosen by the manifest's ``head``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compressed_detector.detection.heads.gfl import GflHead
from compressed_detector.detection.heads.head import Head
from compressed_detector.detection.heads.ssd import SsdHead
from compressed_detector.detection.heads.yolov8 import Yolov8Head
from compressed_detector.detection.heads.yolox import YoloxHead
from compressed_detector.detection.manifest import Manifest
from compressed_detector.errors import ModelError

HEADS: dict[str, Callable[..., Head]] = {
    'gfl': GflHead, 'ssd': SsdHead, 'yolov8': Yolov8Head, 'yolox': YoloxHead,
}

__all__ = ['HEADS', 'Head', 'make_head']


def make_head(manifest: Manifest) -> Head:
    """Return the head that a manifest names; raises ModelError when it does not fit."""
    if manifest.head not in HEADS:
        raise ModelError(f'head: expected one of {sorted(HEADS)}, got {manifest.head!r}')
    shapes = {output.role: output.shape for output in manifest.outputs}
    options: dict[str, Any] = manifest.head_options
    try:
        return HEADS[manifest.head](
            shapes, len(manifest.labels), manifest.input.size, **options
        )
    except TypeError as error:
        raise ModelError(f'head_options of {manifest.head!r}: {error}') from error
