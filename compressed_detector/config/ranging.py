# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What can be set about ranging, with units and bounds."""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.config.options import Options, option
from compressed_detector.errors import ConfigError


@dataclass(frozen=True)
class RangingSettings(Options):
    """How ranges are derived; may change between two frames. Raises ConfigError."""

    range_min: float = option(
        0.2, 'No object can be nearer than this (the front of the robot): lower depth readings '
        'are noise, and a box cut by the image bottom is not placed nearer.',
        unit='m', minimum=0.0, maximum=10.0,
        live=True,
    )
    range_max: float = option(
        50.0, 'Farther depth readings are ignored and farther floor is too close to the horizon: '
        'the range is unknown.', unit='m', minimum=0.1, maximum=1000.0,
        live=True,
    )
    depth_percentile: float = option(
        25.0, 'Percentile of the depth readings in the middle of a box that is its range; low '
        'values find the near face, too low ones what flickers in front of it.',
        unit='%', minimum=0.0, maximum=100.0,
        live=True,
    )
    depth_central_fraction: float = option(
        0.5, 'Width and height of the middle of a box that depth is read from; less keeps '
        'background out.', minimum=0.05, maximum=1.0,
        live=True,
    )
    depth_min_valid_fraction: float = option(
        0.5, 'With fewer valid depth readings than this, the depth of a box is unknown; too low '
        'a value ranges the background of an object too near for the sensor.',
        minimum=0.01, maximum=1.0,
        live=True,
    )
    depth_sigma: float = option(
        0.02, 'Standard deviation of a depth reading, whatever the range.',
        unit='m', minimum=0.0, maximum=1.0,
        live=True,
    )
    depth_sigma_fraction: float = option(
        0.02, 'Standard deviation of a depth reading as a part of the range; stereo cameras '
        'have more.', minimum=0.0, maximum=0.5,
        live=True,
    )
    box_sigma: float = option(
        0.0035, 'Standard deviation of the bottom of a box as a part of the longer side of the '
        'image; 0.0035 is 1.5 pixels of a network with an input of 416.',
        minimum=0.0, maximum=0.1,
        live=True,
    )
    tilt_sigma: float = option(
        0.01, 'Standard deviation of the pitch and roll of the camera over the floor: mounting, '
        'rocking of the robot, and slope of the floor.', unit='rad', minimum=0.0, maximum=0.5,
        live=True,
    )
    border_margin: float = option(
        0.005, 'A box that ends this near the border of the image is cut by it; part of the '
        'longer side of the image.', minimum=0.0, maximum=0.1,
        live=True,
    )
    cut_range_fraction: float = option(
        0.25, 'Where an object is placed whose box is cut by the image bottom: this part of the '
        'way from range_min to the nearest floor in the picture.', minimum=0.0, maximum=1.0,
        live=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.range_min >= self.range_max:
            raise ConfigError(
                f'range_min: expected less than range_max ({self.range_max} m), '
                f'got {self.range_min} m'
            )
