# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What can be set for each camera."""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.config.options import option
from compressed_detector.config.ranging import RangingSettings


def calibration_topic(image_topic: str) -> str:
    """Return the topic of the camera_info beside an image topic, whatever its transport."""
    return f'{image_topic.removesuffix("/compressed").rpartition("/")[0]}/camera_info'


@dataclass(frozen=True)
class CameraSettings(RangingSettings):
    """One camera: where its messages come from, its share of the computer, how it is mounted."""

    image_topic: str = option(
        'image', 'Topic of the images, without the /compressed of a transport; a named camera '
        'has <name>/image unless it is set.',
    )
    image_transport: str = option(
        'raw', 'How images arrive: on the image topic itself, or on <image topic>/compressed.',
        choices=('raw', 'compressed'),
    )
    camera_info_topic: str = option(
        '', 'Topic of the calibration; camera_info beside the image topic when empty.'
    )
    images_rectified: bool = option(
        False, 'The images are rectified already (image_proc): the projection of camera_info '
        'describes them, and its distortion does not.',
    )
    depth_topic: str = option(
        '', 'Topic of the registered depth image (16UC1 in mm or 32FC1 in m); none when empty.'
    )
    max_rate: float = option(
        0.0, 'At most this many images per second are looked at; all of them when 0.', unit='Hz',
        minimum=0.0, maximum=1000.0, live=True,
    )
    priority: int = option(
        1, 'Share of the turns when several cameras compete.', minimum=1, maximum=100, live=True
    )
    max_age: float = option(
        0.0, 'Images older than this when their turn comes are dropped; never when 0.', unit='s',
        minimum=0.0, maximum=60.0, live=True,
    )
    image_timeout: float = option(
        3.0, 'A camera that is silent for this long is reported as stale.', unit='s',
        minimum=0.1, maximum=3600.0, live=True,
    )
    camera_height: float = option(
        0.0, 'Height of the camera above the floor, which gives ranges without a depth image; '
        'not known when 0.', unit='m', minimum=0.0, maximum=20.0, live=True,
    )
    camera_pitch: float = option(
        0.0, 'How far the camera looks down from the horizontal.', unit='rad', minimum=-1.5708,
        maximum=1.5708, live=True,
    )
    camera_roll: float = option(
        0.0, 'How far the camera is turned clockwise, seen from behind.', unit='rad',
        minimum=-3.1416, maximum=3.1416, live=True,
    )
    base_frame: str = option(
        '', 'Frame on the floor, such as base_footprint: height, pitch and roll of the camera '
        'are then taken from TF. Not used when empty.',
    )
    scan_frame: str = option(
        '', 'Frame of the scan: at the camera, x level forward, z up; <image frame>_scan when '
        'empty. The node publishes it in /tf_static.',
    )
    scan_range_min: float = option(
        0.05, 'Obstacles that are nearer are reported at this distance.', unit='m', minimum=0.0,
        maximum=10.0, live=True,
    )
    scan_range_max: float = option(
        20.0, 'How far the scan reaches; farther than obstacle_max_range of the costmap.',
        unit='m', minimum=0.5, maximum=100.0, live=True,
    )
    scan_angle_increment: float = option(
        0.0025, 'Angle between two beams; times the range at most one cell of the costmap.',
        unit='rad', minimum=0.001, maximum=0.05, live=True,
    )
    cloud_spacing: float = option(
        0.05, 'Between columns of points on the face of an obstacle.', unit='m', minimum=0.01,
        maximum=0.5, live=True,
    )
    cloud_min_points: int = option(
        6, 'Points of each column 0.1 to 0.4 m above the floor; at least min_points of the '
        'collision monitor.', minimum=4, maximum=50, live=True,
    )
    marker_lifetime: float = option(
        1.0, 'RViz forgets the markers after this time.', unit='s', minimum=0.1, maximum=60.0,
        live=True,
    )
