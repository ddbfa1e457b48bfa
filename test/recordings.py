# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings of a few boxes, written down by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compressed_detector.evaluation.ground_truth import NO_TRACK, Objects
from compressed_detector.evaluation.recording import Frames, Recording, Reports

PERIOD_NS = 100_000_000
Box = tuple[float, float, float, float]
HERE: Box = (0, 0, 100, 100)
THERE: Box = (300, 0, 400, 100)


@dataclass(frozen=True)
class Thing:
    """A true object."""

    box: Box = HERE
    label: int = 0
    track: int = NO_TRACK
    ignored: bool = False
    crowd: bool = False
    forward_m: float = np.nan
    right_m: float = np.nan


@dataclass(frozen=True)
class Report:
    """A detection."""

    box: Box = HERE
    score: float = 0.9
    label: int = 0
    forward_m: float = np.nan
    right_m: float = np.nan


def recording(
    things: Sequence[Sequence[Thing]], reports: Sequence[Sequence[Report]],
    labels: Sequence[str] = ('person', 'dog'), **more: Any,
) -> Recording:
    """Return a film with these objects and reports, frame by frame; ``more`` replaces fields."""
    count = len(things)
    frames: Mapping[str, Any] = {
        'stamps_ns': np.arange(count) * PERIOD_NS, 'indices': np.arange(count),
        'sizes_px': np.full((count, 2), 1000), 'annotated': np.ones(count),
        'answered': np.ones(count), 'latencies_ms': np.full(count, np.nan),
        'ages_ms': np.full(count, np.nan), 'decode_ms': np.full(count, np.nan),
        **{key: more.pop(key) for key in Frames.__dataclass_fields__ if key in more},
    }
    fields = {
        'source': 'bag', 'camera': '/camera/image', 'labels': tuple(labels), 'sequential': True,
        'ranges_measured': True, **more,
    }
    return Recording(**fields, frames=Frames(**frames), objects=_objects(things),
                     reports=_reports(reports))


def _objects(things: Sequence[Sequence[Thing]]) -> Objects:
    rows = [(frame, item) for frame, items in enumerate(things) for item in items]
    return Objects(
        _column([frame for frame, _ in rows]), _boxes([item.box for _, item in rows]),
        _column([item.label for _, item in rows]), _column([item.track for _, item in rows]),
        _column([item.ignored or item.crowd for _, item in rows]),
        _column([item.crowd for _, item in rows]), _column([item.forward_m for _, item in rows]),
        _column([item.right_m for _, item in rows]),
    )


def _reports(reports: Sequence[Sequence[Report]]) -> Reports:
    rows = [(frame, item) for frame, items in enumerate(reports) for item in items]
    return Reports(
        _column([frame for frame, _ in rows]), _boxes([item.box for _, item in rows]),
        _column([item.score for _, item in rows]), _column([item.label for _, item in rows]),
        _column([item.forward_m for _, item in rows]), _column([item.right_m for _, item in rows]),
    )


def _column(values: Sequence[Any]) -> np.ndarray:
    return np.array(values, np.float64)


def _boxes(boxes: Sequence[Box]) -> np.ndarray:
    return np.array(boxes, np.float64).reshape(-1, 4)
