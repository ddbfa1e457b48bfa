# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What counts: when an object is found, where the robot drives, what it stops for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from compressed_detector.config import DetectionSettings
from compressed_detector.errors import EvaluationError

Band = tuple[float, float]


@dataclass(frozen=True)
class StopZone:
    """The floor in front of the camera on which an obstacle stops the robot, in metres."""

    depth_m: float
    width_m: float

    def __post_init__(self) -> None:
        if not (0 < self.depth_m < math.inf and 0 < self.width_m < math.inf):
            raise EvaluationError(f'stop zone: expected depth and width in metres above 0, got '
                                  f'{self.depth_m} x {self.width_m}')

    @property
    def name(self) -> str:
        """What its figures are called by."""
        return f'{_plain(self.depth_m)}x{_plain(self.width_m)}m'


@dataclass(frozen=True)
class Criteria:
    """
    What counts.

    ``score_threshold``: lower reports are none, except for average precision, which is over all
    scores. ``iou_threshold``: an object is found by a report that overlaps it so much.
    ``corridor_m``: the width of the corridor ahead of the camera in which the robot drives.
    ``height_edges_px``, ``range_edges_m``: where objects are divided by height in the image and
    by distance. Raises EvaluationError.
    """

    score_threshold: float = DetectionSettings().score_threshold
    iou_threshold: float = 0.5
    corridor_m: float = 1.0
    height_edges_px: tuple[float, ...] = (0, 32, 64, 128, math.inf)
    range_edges_m: tuple[float, ...] = (0, 2, 5, 10, 20, math.inf)
    stop_zones: tuple[StopZone, ...] = ()

    def __post_init__(self) -> None:
        for name in ('score_threshold', 'iou_threshold'):
            if not 0 < getattr(self, name) <= 1:
                raise EvaluationError(f'{name}: expected a value above 0, at most 1, got '
                                      f'{getattr(self, name)}')
        if not 0 < self.corridor_m < math.inf:
            raise EvaluationError(f'corridor: expected a width in metres above 0, got '
                                  f'{self.corridor_m}')
        for name in ('height_edges_px', 'range_edges_m'):
            edges = getattr(self, name)
            if len(edges) < 2 or not all(a < b for a, b in zip((-1e-9, *edges), edges)):
                raise EvaluationError(f'{name}: expected two or more values, 0 or more, each '
                                      f'above the one before, got {edges}')

    @property
    def height_bands_px(self) -> tuple[Band, ...]:
        """Heights from, and below; pixels."""
        return tuple(zip(self.height_edges_px, self.height_edges_px[1:]))

    @property
    def range_bands_m(self) -> tuple[Band, ...]:
        """Distances from, and below; metres."""
        return tuple(zip(self.range_edges_m, self.range_edges_m[1:]))


def band_name(band: Band, unit: str) -> str:
    """Return what the figures of a band are called by, such as 32_64px or 128_up_px."""
    low, high = band
    if math.isinf(high):
        return f'{_plain(low)}_up_{unit}'
    return f'{_plain(low)}_{_plain(high)}{unit}'


def _plain(value: float) -> str:
    """Write a number without a point, which separates nothing in the name of a figure."""
    return f'{value:g}'.replace('.', 'p')
