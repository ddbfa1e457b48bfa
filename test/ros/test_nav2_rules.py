# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What Nav2 makes of our messages, with our configuration for it, by Nav2's own rules."""

import math

import numpy as np
import pytest
import yaml
from camera_rig import Rig, Thing, rigid
from harness import ROOT
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from nav2_oracle import (
    FREE,
    LETHAL,
    CollisionMonitor,
    ObstacleLayer,
    cloud_in_base,
    read_points,
    scan_in_base,
)
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header

from compressed_detector.config import RangingSettings
from compressed_detector.detection.obstacles import face_points, level_axes, locate
from compressed_detector.detection.ranging import from_ground_plane
from compressed_detector.detection.scan import ScanSettings, ScanView, scan_ranges
from compressed_detector.ros.obstacle_messages import to_cloud, to_scan, to_scan_transform

RIGS = [
    pytest.param(Rig(), id='level'),
    pytest.param(Rig(pitch_deg=20), id='20 degrees down'),
    pytest.param(Rig(pitch_deg=-5, height_m=0.3), id='5 degrees up'),
    pytest.param(Rig(pitch_deg=5, roll_deg=10, height_m=0.6), id='rolled'),
]
NOW_S = 100


def configuration(name, *keys):
    value = yaml.safe_load((ROOT / 'config' / name).read_text())
    for key in (*keys, 'ros__parameters'):
        value = value[key]
    return value


COSTMAP = configuration('nav2_costmap.yaml', 'local_costmap', 'local_costmap')
MONITOR = configuration('nav2_collision_monitor.yaml', 'collision_monitor')


def over_the_wire(message):
    """What a subscriber gets."""
    return deserialize_message(serialize_message(message), type(message))


def image_header(stamp_s=NOW_S):
    header = Header(frame_id='camera_optical_frame')
    header.stamp.sec = stamp_s
    return header


def answer(rig, things, stamp_s=NOW_S, scan_settings=ScanSettings()):  # noqa: B008
    """Return the cloud and the scan of a frame, as the node makes them."""
    detections = rig.see(things)
    ranges = from_ground_plane(
        detections.boxes_xyxy, rig.camera, rig.mounting, RangingSettings()
    )
    obstacles = locate(detections, ranges, rig.camera, rig.mounting)
    view = ScanView.of(rig.camera, rig.mounting, scan_settings)
    header = image_header(stamp_s)
    scan = to_scan(scan_ranges(obstacles, view), view, header, 'camera_scan')
    return over_the_wire(to_cloud(face_points(obstacles), header)), over_the_wire(scan)


def monitor_decides(rig, things, now_s=NOW_S + 0.2):
    cloud, _ = answer(rig, things)
    return CollisionMonitor(MONITOR).decide(
        {'camera_points': (cloud, rig.base_from_optical)}, now_s
    )


def costmap(release='lyrical'):
    return ObstacleLayer(COSTMAP['camera_obstacle_layer'], 'camera_scan', release=release)


def angles_of(scan):
    return scan.angle_min + np.arange(len(scan.ranges)) * scan.angle_increment


@pytest.mark.parametrize('rig', RIGS)
def test_the_published_transform_makes_the_scan_frame_level(rig):
    rotation = over_the_wire(
        to_scan_transform(level_axes(rig.mounting), image_header(), 'camera_scan')
    ).transform.rotation
    x, y, z, w = rotation.x, rotation.y, rotation.z, rotation.w
    optical_from_scan = rigid(np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]), (0, 0, 0))
    np.testing.assert_allclose(
        rig.base_from_optical @ optical_from_scan, rig.base_from_scan, atol=1e-9
    )


@pytest.mark.parametrize('rig', RIGS)
def test_an_empty_scene_stops_nothing(rig):
    assert monitor_decides(rig, []) == []


@pytest.mark.parametrize('release', ['jazzy', 'kilted'])
@pytest.mark.parametrize('rig', RIGS)
def test_an_empty_scene_clears_what_stood_in_view_and_marks_nothing(rig, release):
    layer = costmap(release)
    for x in (1.2, 3.0, 6.0):
        layer.mark(x, 0.1)
    _, scan = answer(rig, [])
    layer.update(scan, rig.base_from_scan)
    assert not len(layer.lethal_m())


@pytest.mark.parametrize('rig', RIGS)
def test_a_person_two_metres_ahead_slows_the_robot_down(rig):
    assert monitor_decides(rig, [Thing(2.0)]) == ['CameraSlowdown']


@pytest.mark.parametrize('rig', RIGS)
@pytest.mark.parametrize('x', [0.5, 0.7])
def test_a_person_right_ahead_stops_the_robot(rig, x):
    assert 'CameraStop' in monitor_decides(rig, [Thing(x)])


@pytest.mark.parametrize('rig', RIGS)
def test_a_person_beside_the_way_does_not_matter(rig):
    assert monitor_decides(rig, [Thing(2.2, y=1.0, width=0.4)]) == []


@pytest.mark.parametrize('release', ['jazzy', 'kilted'])
@pytest.mark.parametrize('rig', RIGS)
def test_a_person_is_marked_where_she_stands_and_gone_when_she_is(rig, release):
    layer = costmap(release)
    _, scan = answer(rig, [Thing(2.0, y=0.3)])
    layer.update(scan, rig.base_from_scan)
    marked = layer.lethal_m()
    assert marked[:, 0].min() > 1.8
    assert marked[:, 0].max() < 2.2
    # From 0.05 to 0.55 m, at most 0.1 m more, no hole between. The box of somebody 1.7 m tall
    # whom the camera sees leaning is wider by half of what she leans, on either side.
    leaning = 0.85 * math.tan(math.radians(rig.roll_deg))
    assert -0.05 - leaning < marked[:, 1].min() < 0.1
    assert 0.5 < marked[:, 1].max() < 0.65 + leaning
    assert np.diff(np.unique(marked[:, 1])).max() < 0.051
    _, scan = answer(rig, [])
    layer.update(scan, rig.base_from_scan)
    assert not len(layer.lethal_m())


@pytest.mark.parametrize('rig', RIGS)
def test_what_stands_behind_a_person_is_not_cleared(rig):
    layer = costmap()
    layer.mark(4.0, 0.0)
    _, scan = answer(rig, [Thing(2.0)])
    layer.update(scan, rig.base_from_scan)
    assert layer.cells[layer._cell(0.0), layer._cell(4.0)] == LETHAL


def test_of_two_things_in_line_the_scan_shows_the_nearer():
    _, scan = answer(Rig(), [Thing(4.0, width=3.0), Thing(2.0)])
    ranges = np.array(scan.ranges)
    angles = angles_of(scan)
    ahead, beside = np.abs(angles) < 0.1, np.abs(np.abs(angles) - 0.25) < 0.05
    np.testing.assert_allclose((ranges * np.cos(angles))[ahead], 1.8, rtol=0.01)
    np.testing.assert_allclose((ranges * np.cos(angles))[beside], 3.8, rtol=0.01)


def test_a_thing_cut_by_the_image_border_is_marked_up_to_the_border():
    rig = Rig()
    edge = 2.8 * 320 / 579.4  # half of the view, 3 m from base_link
    _, scan = answer(rig, [Thing(3.0, y=edge, depth=0.0)])
    layer = costmap()
    layer.update(scan, rig.base_from_scan)
    marked = layer.lethal_m()
    assert marked[:, 1].max() == pytest.approx(edge, abs=0.1)
    assert marked[:, 1].min() == pytest.approx(edge - 0.25, abs=0.1)


@pytest.mark.parametrize('rig', RIGS)
def test_half_a_metre_away_is_reported_near_and_not_dropped(rig):
    cloud, scan = answer(rig, [Thing(rig.x_m + 0.5)])
    assert scan_in_base(scan, rig.base_from_scan)
    points = cloud_in_base(cloud, rig.base_from_optical, MONITOR['camera_points'])
    assert len(points) >= 6
    assert max(x for x, _ in points) <= rig.x_m + 0.55


def test_fifteen_metres_away_is_reported_and_leaves_no_mark():
    rig = Rig()
    _, scan = answer(rig, [Thing(15.0)])
    assert min(scan.ranges) == pytest.approx(14.8, rel=0.02)
    layer = costmap()
    layer.update(scan, rig.base_from_scan)
    assert not len(layer.lethal_m())


def test_beyond_the_end_of_the_scan_there_is_nothing():
    _, scan = answer(Rig(), [Thing(30.0)])
    assert np.isinf(scan.ranges).sum() >= len(scan.ranges) - 2


def test_a_scan_nearer_than_its_minimum_is_reported_at_the_minimum():
    _, scan = answer(Rig(), [Thing(2.0)], scan_settings=ScanSettings(range_min_m=3.0))
    assert min(scan.ranges) == 3.0


def test_beams_that_do_not_reach_the_far_floor_neither_mark_nor_clear():
    rig = Rig(pitch_deg=20)
    _, scan = answer(rig, [])
    angles, ranges = angles_of(scan), np.array(scan.ranges)
    assert np.isnan(ranges[[0, -1]]).all()
    assert np.isinf(ranges[np.abs(angles) < 0.4]).all()
    layer = costmap()
    # Its place is in view only nearer by: the lower corners of the image look there.
    bearing = angles[-1] - 0.01
    layer.mark(0.2 + 5 * math.cos(bearing), 5 * math.sin(bearing))
    layer.update(scan, rig.base_from_scan)
    assert len(layer.lethal_m()) == 1


def test_a_camera_that_looks_at_the_near_floor_only_makes_no_wall_and_clears_nothing():
    rig = Rig(pitch_deg=45)
    _, scan = answer(rig, [])
    assert np.isnan(scan.ranges).all()
    layer = costmap()
    layer.mark(3.0, 0.0)
    layer.update(scan, rig.base_from_scan)
    assert layer.lethal_m().tolist() == [[pytest.approx(3.025), pytest.approx(0.025)]]


def test_results_keep_the_time_of_the_image_and_old_ones_stop_the_robot():
    cloud, scan = answer(Rig(), [], stamp_s=90)
    assert cloud.header.stamp.sec == scan.header.stamp.sec == 90
    monitor = CollisionMonitor(MONITOR)
    clouds = {'camera_points': (cloud, Rig().base_from_optical)}
    assert monitor.decide(clouds, 90.9) == []
    assert monitor.decide(clouds, 91.1) == ['invalid source']
    assert monitor.decide({}, 90.0) == ['invalid source']


@settings(max_examples=20, deadline=None)
@given(
    x=st.floats(-0.3, 0.3), y=st.floats(-0.3, 0.3), yaw=st.floats(-math.pi, math.pi),
    size_m=st.sampled_from([3.0, 6.0, 20.0]),
)
def test_an_empty_scan_leaves_no_cell_in_view_uncleared(x, y, yaw, size_m):
    """Neither a gap between two beams nor raytrace_min_range may keep a mark alive."""
    _, scan = answer(Rig(), [])
    layer = ObstacleLayer(COSTMAP['camera_obstacle_layer'], 'camera_scan', size_m)
    turned = np.array(
        [[math.cos(yaw), -math.sin(yaw), 0], [math.sin(yaw), math.cos(yaw), 0], [0, 0, 1]]
    )
    layer.update(scan, rigid(turned, (x, y, 0.5)))
    row, column = np.nonzero(layer.cells != FREE)
    cells = (np.stack([column, row]) + 0.5) * layer.resolution_m - layer.half_m
    ahead, aside, _ = turned.T @ (cells[0] - x, cells[1] - y, np.zeros(row.size))
    distance = np.hypot(ahead, aside)
    in_view = np.abs(np.arctan2(aside, ahead)) < scan.angle_max - 0.1
    source = COSTMAP['camera_obstacle_layer']['camera_scan']
    near, far = source['raytrace_min_range'] + 0.1, source['obstacle_max_range']
    assert not (in_view & (distance > near) & (distance < far)).any()


@settings(max_examples=60, deadline=None)
@given(
    rig=st.builds(
        Rig, pitch_deg=st.floats(-8, 20), roll_deg=st.floats(-10, 10), height_m=st.floats(0.3, 1.5)
    ),
    thing=st.builds(
        Thing, x=st.floats(0.6, 5), y=st.floats(-1, 1), width=st.floats(0.1, 2.0),
        height=st.floats(0.05, 2.2),
    ),
    tilt_error_deg=st.floats(-1.5, 1.5),
)
def test_every_column_of_points_triggers_by_itself(rig, thing, tilt_error_deg):
    """Even where the camera is tilted by a degree or so more or less than configured."""
    cloud, _ = answer(rig, [thing])
    points = np.array(read_points(cloud)).reshape(-1, 3)
    if not len(points):
        return
    base = np.c_[points, np.ones(len(points))] @ rig.base_from_optical.T
    tilted = Rig(rig.pitch_deg + tilt_error_deg, rig.roll_deg, rig.height_m).base_from_optical
    height = (np.c_[points, np.ones(len(points))] @ tilted.T)[:, 2]
    counted = (height >= 0.05) & (height <= 0.5)
    columns = np.unique(np.round(base[:, 1], 4))
    assert len(columns) >= 2
    for column in columns:
        assert counted[np.abs(base[:, 1] - column) < 2e-4].sum() >= 4


@example(rig=Rig(0.0, 4.0, 0.375), thing=Thing(x=5.0, y=0.0, width=1.0))
@settings(max_examples=40, deadline=None)
@given(
    rig=st.builds(
        Rig, pitch_deg=st.floats(-8, 18), roll_deg=st.floats(-8, 8), height_m=st.floats(0.3, 1.2)
    ),
    thing=st.builds(Thing, x=st.floats(1.5, 5), y=st.floats(-0.5, 0.5), width=st.floats(0.1, 1.0)),
)
def test_whatever_is_seen_is_marked_near_the_place_where_it_is(rig, thing):
    boxes = rig.see([thing]).boxes_xyxy
    # A thing whose feet are out of view is put nearer than it is, on purpose.
    assume(len(boxes) and boxes[0, 3] < rig.height - 4)
    assume(boxes[0, 0] > 0 and boxes[0, 2] < rig.width)
    _, scan = answer(rig, [thing])
    layer = costmap()
    layer.update(scan, rig.base_from_scan)
    marked = layer.lethal_m()
    assert len(marked)
    leaning = 0.85 * abs(math.tan(math.radians(rig.roll_deg)))
    # 0.15 m: cells, beams, and the side that a thing beside the axis shows.
    assert (np.abs(marked[:, 1] - thing.y) - thing.width / 2).max() < 0.15 + leaning
    # A rolled camera sees the lower corner of the feet as the end of the box: nearer than the
    # middle by the share of the camera's height that the corner is lower. Then cells and depth.
    nearer = thing.x * thing.width / 2 * abs(math.tan(math.radians(rig.roll_deg))) / rig.height_m
    assert thing.x - max(0.35, nearer + 0.15) < marked[:, 0].min()
    assert marked[:, 0].max() < thing.x + 0.15
