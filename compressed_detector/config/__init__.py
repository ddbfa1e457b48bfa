# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Every tunable of the node, once: default, unit, bounds and description.

The parameter YAML, the ROS parameter descriptors, docs/parameters.md and the command lines are
derived from these dataclasses; nothing else in the project states a default.
"""

from compressed_detector.config.camera import CameraSettings
from compressed_detector.config.detection import DetectionSettings
from compressed_detector.config.node import NodeConfig
from compressed_detector.config.options import Option, Options, from_mapping, options, unknown_key
from compressed_detector.config.ranging import RangingSettings
from compressed_detector.config.tracking import TrackingSettings

__all__ = [
    'CameraSettings',
    'DetectionSettings',
    'NodeConfig',
    'Option',
    'Options',
    'RangingSettings',
    'TrackingSettings',
    'from_mapping',
    'options',
    'unknown_key',
]
