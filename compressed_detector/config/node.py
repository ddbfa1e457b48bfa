# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What can be set for the node as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.config.detection import DetectionSettings
from compressed_detector.config.options import Strings, option
from compressed_detector.config.tracking import TrackingSettings


@dataclass(frozen=True)
class NodeConfig(TrackingSettings, DetectionSettings):
    """The parameters of the detector node that hold for all of its cameras."""

    model: str = option(
        'nanodet_g_416_wi8_ai8',
        'Name of an installed model (fast, balanced, accurate; see models/README.md), or the path '
        'of a manifest (.json) or an archive (.dcz).',
    )
    num_threads: int = option(
        2, 'CPU threads for inference; leave cores for the rest of the robot.', minimum=1,
        maximum=64,
    )
    nice: int = option(
        0, 'Niceness of the process: higher values give way to the rest of the robot.',
        minimum=0, maximum=19,
    )
    cameras: Strings = option(
        (), 'Names of the cameras that share the model; each has the camera parameters under its '
        'name (front.max_rate) and its outputs under ~/<name>/. One unnamed camera when empty.',
        fixed=True,
    )
    lazy: bool = option(
        False, 'Take no images while nobody subscribes any output.'
    )
    autostart: bool = option(
        True, 'Configure and activate at start; false leaves it to a lifecycle manager.'
    )
