# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The Nav2 configuration says only what Nav2 reads, and its numbers hold together."""

import inspect
import math

import pytest
import yaml
from harness import ROOT
from nav2_oracle import is_inside

from compressed_detector.config import RangingSettings
from compressed_detector.detection.obstacles import FLOOR_BAND_M, OVERHEAD_M, face_points
from compressed_detector.detection.scan import ScanSettings

COSTMAP_FILE = ROOT / 'config' / 'nav2_costmap.yaml'
MONITOR_FILE = ROOT / 'config' / 'nav2_collision_monitor.yaml'
COSTMAP = yaml.safe_load(COSTMAP_FILE.read_text())['local_costmap']['local_costmap'][
    'ros__parameters'
]
LAYER = COSTMAP['camera_obstacle_layer']
SCAN = LAYER['camera_scan']
MONITOR = yaml.safe_load(MONITOR_FILE.read_text())['collision_monitor']['ros__parameters']
POINTS = MONITOR['camera_points']

# The robot and the detector that the comments in the files assume.
PERIOD_S, LATENCY_P99_S, SPEED_M_S = 0.1, 0.1, 0.5
CAMERA_HEIGHT_M, CAMERA_X_M, HALF_VIEW_RAD = 0.5, 0.2, math.radians(22.5)

# Read in Nav2's source at 1.1.20, 1.3.13, 1.4.2 and 1.5.1: ObstacleLayer::onInitialize.
LAYER_TYPES = {
    'plugin': str, 'enabled': bool, 'footprint_clearing_enabled': bool,
    'min_obstacle_height': float, 'max_obstacle_height': float, 'combination_method': int,
    'observation_sources': str,
}
SCAN_TYPES = {
    'topic': str, 'sensor_frame': str, 'observation_persistence': float,
    'expected_update_rate': float, 'data_type': str, 'min_obstacle_height': float,
    'max_obstacle_height': float, 'inf_is_valid': bool, 'marking': bool, 'clearing': bool,
    'obstacle_max_range': float, 'obstacle_min_range': float, 'raytrace_max_range': float,
    'raytrace_min_range': float,
}
# At 1.3.13, 1.4.2 and 1.5.1: Source::getCommonParameters and PointCloud::getParameters.
SOURCE_TYPES = {
    'type': str, 'topic': str, 'enabled': bool, 'source_timeout': float, 'min_height': float,
    'max_height': float, 'min_range': float, 'use_global_height': bool,
}
# Polygon::getCommonParameters and getParameters.
POLYGON_TYPES = {
    'type': str, 'action_type': str, 'enabled': bool, 'min_points': int, 'points': str,
    'slowdown_ratio': float, 'linear_limit': float, 'angular_limit': float, 'visualize': bool,
    'polygon_pub_topic': str, 'sources_names': list,
}


@pytest.mark.parametrize(
    ('values', 'known'),
    [
        ({k: v for k, v in LAYER.items() if k != 'camera_scan'}, LAYER_TYPES),
        (SCAN, SCAN_TYPES),
        (POINTS, SOURCE_TYPES),
        *((MONITOR[name], POLYGON_TYPES) for name in MONITOR['polygons']),
    ],
)
def test_nav2_reads_every_parameter_and_gets_the_type_it_expects(values, known):
    """A ROS parameter of another type is refused: 2 where 2.0 is declared stops Nav2."""
    assert {name: type(value) for name, value in values.items()} == {
        name: known[name] for name in values
    }


@pytest.mark.parametrize('file', [COSTMAP_FILE, MONITOR_FILE])
def test_every_value_is_justified(file):
    lines = file.read_text().splitlines()
    for before, line in zip(lines, lines[1:]):
        key, _, value = line.partition(':')
        if value.strip() and not key.lstrip().startswith('#'):
            assert before.lstrip().startswith('#'), f'{file.name}: no comment above {line!r}'


def test_the_layer_is_in_the_list_and_before_the_inflation():
    plugins = COSTMAP['plugins']
    assert plugins.index('camera_obstacle_layer') < plugins.index('inflation_layer')
    assert LAYER['plugin'] == 'nav2_costmap_2d::ObstacleLayer'
    assert LAYER['observation_sources'].split() == ['camera_scan']


def test_the_scan_both_marks_and_clears():
    assert (SCAN['marking'], SCAN['clearing'], SCAN['inf_is_valid']) == (True, True, True)
    assert SCAN['data_type'] == 'LaserScan'


def test_free_beams_make_no_wall_and_every_mark_can_be_cleared():
    assert SCAN['obstacle_max_range'] < SCAN['raytrace_max_range']
    assert SCAN['raytrace_max_range'] <= ScanSettings().range_max_m


def test_the_scan_lies_below_what_counts_as_too_high():
    assert min(LAYER['max_obstacle_height'], SCAN['max_obstacle_height']) > CAMERA_HEIGHT_M
    # What the detector leaves out of the scan as overhead, the costmap would leave out as well.
    assert max(LAYER['max_obstacle_height'], SCAN['max_obstacle_height']) <= OVERHEAD_M


@pytest.mark.parametrize('timeout_s', [SCAN['expected_update_rate'], POINTS['source_timeout']])
def test_silence_stops_the_robot_and_a_slow_frame_does_not(timeout_s):
    assert timeout_s >= 3 * (PERIOD_S + LATENCY_P99_S)
    assert timeout_s * SPEED_M_S <= 0.5


def test_marks_outlast_three_missed_frames():
    assert SCAN['observation_persistence'] >= LATENCY_P99_S + 3 * PERIOD_S


def test_one_column_of_points_is_enough_for_every_zone():
    rows = inspect.signature(face_points).parameters['min_points'].default
    assert POINTS['min_height'] < FLOOR_BAND_M[0] < FLOOR_BAND_M[1] < POINTS['max_height']
    assert all(MONITOR[name]['min_points'] <= rows for name in MONITOR['polygons'])


def test_the_stop_zone_holds_whatever_the_image_bottom_cuts():
    settings = RangingSettings()
    nearest_floor = CAMERA_HEIGHT_M / math.tan(HALF_VIEW_RAD)
    put_at = settings.range_min + settings.cut_range_fraction * (
        nearest_floor - settings.range_min
    )
    corners = yaml.safe_load(MONITOR['CameraStop']['points'])
    for aside in (-0.3, 0.0, 0.3):
        assert is_inside(CAMERA_X_M + put_at + 0.05, aside, corners)
    assert f'{put_at:.2f} m from the camera' in MONITOR_FILE.read_text()


@pytest.mark.parametrize('name', MONITOR['polygons'])
def test_zones_are_polygons_of_four_corners_with_an_action(name):
    polygon = MONITOR[name]
    corners = yaml.safe_load(polygon['points'])
    assert len(corners) >= 4
    assert all(len(corner) == 2 for corner in corners)
    assert polygon['type'] == 'polygon'
    assert polygon['action_type'] in ('stop', 'slowdown')
    assert set(polygon['sources_names']) <= set(MONITOR['observation_sources'])


def test_topics_are_absolute():
    assert SCAN['topic'] == '/detector/obstacles/scan'
    assert POINTS['topic'] == '/detector/obstacles/points'
