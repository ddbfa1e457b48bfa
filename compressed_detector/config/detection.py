# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How raw network outputs become detections."""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.config.options import Options, Strings, option
from compressed_detector.errors import ConfigError


@dataclass(frozen=True)
class DetectionSettings(Options):
    """How raw network outputs become detections; may change between two frames."""

    score_threshold: float = option(
        0.35, 'Detections with a lower score are dropped.', minimum=0.01, maximum=1.0, live=True
    )
    class_thresholds: Strings = option(
        (), 'Score thresholds of single classes that differ, such as "person:0.25".', live=True
    )
    classes: Strings = option(
        (), 'Only these classes are obstacles; all of them when empty.', live=True
    )
    nms_iou_threshold: float = option(
        0.6, 'Of two boxes of one class that overlap by more than this, the weaker is dropped.',
        minimum=0.0, maximum=1.0, live=True,
    )
    max_detections: int = option(
        100, 'At most this many detections per image, best first.', minimum=1, maximum=1000,
        live=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.thresholds_by_class  # noqa: B018  raises on a malformed entry

    @property
    def thresholds_by_class(self) -> dict[str, float]:
        """The entries of class_thresholds, by class name."""
        thresholds = {}
        for entry in self.class_thresholds:
            name, _, text = entry.rpartition(':')
            try:
                thresholds[name] = float(text)
            except ValueError:
                thresholds[name] = -1.0
            if not name or not 0.01 <= thresholds[name] <= 1:
                raise ConfigError('class_thresholds: expected entries such as "person:0.25" with '
                                  f'a threshold from 0.01 to 1.0, got {entry!r}')
        return thresholds
