# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What can be set about tracking, with units and bounds."""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.config.options import Options, option


@dataclass(frozen=True)
class TrackingSettings(Options):
    """When a tracked object is reported; may change between two frames. Raises ConfigError."""

    tracking: bool = option(
        False, 'Give objects ids that last from frame to frame, and report them by the '
        'following rules instead of frame by frame.',
        live=True,
    )
    track_confirm_frames: int = option(
        2, 'A new object is reported once it was detected in so many frames in a row: more keeps '
        'back detections of a moment, and real objects for as long.', minimum=1, maximum=100,
        live=True,
    )
    track_confirm_time: float = option(
        0.0, 'A new object is reported once it was detected for at least this long.', unit='s',
        minimum=0.0, maximum=10.0,
        live=True,
    )
    track_hold_time: float = option(
        0.5, 'A reported object that is not detected any more is still reported, where it would '
        'be by now, for this long.', unit='s', minimum=0.0, maximum=10.0,
        live=True,
    )
    track_start_score: float = option(
        0.35, 'Weaker detections start no new object; they only continue one. With a lower '
        'score_threshold, objects that are already known are lost less often.',
        minimum=0.01, maximum=1.0,
        live=True,
    )
    track_iou_threshold: float = option(
        0.3, 'A detection continues an object of its class if its box overlaps the expected box '
        'by at least this much.', minimum=0.01, maximum=1.0,
        live=True,
    )
