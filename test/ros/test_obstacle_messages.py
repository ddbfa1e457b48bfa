# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Obstacles as messages, as a subscriber gets them."""

import math

import numpy as np
import pytest
from camera_rig import CAMERA, detections, ranges
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from compressed_detector.detection.camera_model import Mounting
from compressed_detector.detection.obstacles import Obstacles, face_points, level_axes, locate
from compressed_detector.detection.scan import ScanSettings, ScanView, scan_ranges
from compressed_detector.ros.large_messages import DEFAULT_SEGMENT_BYTES
from compressed_detector.ros.obstacle_messages import (
    to_cloud,
    to_detection3d_array,
    to_label_info,
    to_markers,
    to_scan,
    to_scan_transform,
    to_vision_info,
)

LABELS = ('person', 'car')
TILTED = Mounting(1.0, math.radians(30))


@pytest.fixture
def header():
    header = Header(frame_id='camera_optical_frame')
    header.stamp.sec, header.stamp.nanosec = 1767225600, 100_000_000
    return header


@pytest.fixture
def two():
    return locate(
        detections([290, 190, 310, 210], [100, 150, 200, 250]), ranges(2.0, 4.0), CAMERA
    )


def received(message):
    return deserialize_message(serialize_message(message), type(message))


def rotated(q, vector):
    """Rotate by a quaternion: v + 2 w (q x v) + 2 q x (q x v)."""
    axis = np.array([q.x, q.y, q.z])
    turn = np.cross(axis, vector)
    return vector + 2 * q.w * turn + 2 * np.cross(axis, turn)


def test_a_detection3d_is_a_box_in_metres_with_the_class_name(two, header):
    array = received(to_detection3d_array(two, LABELS, header))
    assert array.header == header
    person, car = array.detections
    assert person.header == header
    # 0.4 m wide and high at 2 m, as deep as wide.
    assert (person.bbox.size.x, person.bbox.size.y) == pytest.approx((0.4, 0.4))
    assert person.bbox.size.z == pytest.approx(0.4)
    centre = person.bbox.center.position
    assert (centre.x, centre.y, centre.z) == pytest.approx((0, 0, 2.2), abs=1e-6)
    assert person.bbox.center.orientation.w == 1.0
    hypothesis = person.results[0].hypothesis
    assert (hypothesis.class_id, hypothesis.score) == ('person', pytest.approx(0.9))
    assert person.results[0].pose.pose == person.bbox.center
    assert car.results[0].hypothesis.class_id == 'car'


def test_the_covariance_is_that_of_the_range_along_the_line_of_sight(two, header):
    _, car = to_detection3d_array(two, LABELS, header).detections
    # std 0.1 m in z; the centre lies 1.5 m left of the axis for 1 m ahead, at 4 of 4.5 m.
    covariance = car.results[0].pose.covariance.reshape(6, 6)
    slope = -6.0 / 4.5
    expected = np.zeros((6, 6))
    expected[:3, :3] = 0.01 * np.outer((slope, 0, 1), (slope, 0, 1))
    np.testing.assert_allclose(covariance, expected, atol=1e-6)


def test_a_range_of_unknown_deviation_has_no_covariance(two, header):
    unknown = Obstacles(**{**vars(two), 'std_m': np.full(2, np.nan)})
    array = to_detection3d_array(unknown, LABELS, header)
    assert not array.detections[0].results[0].pose.covariance.any()


def test_the_box_of_a_tilted_camera_stands_upright(header):
    found = locate(detections([290, 190, 310, 210]), ranges(2.0), CAMERA, TILTED)
    (item,) = received(to_detection3d_array(found, LABELS, header)).detections
    orientation = item.bbox.center.orientation
    np.testing.assert_allclose(rotated(orientation, np.eye(3)[1]), TILTED.down(), atol=1e-6)
    np.testing.assert_allclose(rotated(orientation, np.eye(3)[0]), [1, 0, 0], atol=1e-6)


def test_a_cloud_is_little_endian_float32_x_y_z(two, header):
    points = face_points(two)
    cloud = received(to_cloud(points, header))
    assert cloud.header == header
    assert [(f.name, f.offset, f.datatype, f.count) for f in cloud.fields] == [
        ('x', 0, 7, 1), ('y', 4, 7, 1), ('z', 8, 7, 1)
    ]
    assert (cloud.height, cloud.width) == (1, len(points))
    assert (cloud.point_step, cloud.row_step) == (12, 12 * len(points))
    assert cloud.is_dense
    assert not cloud.is_bigendian
    np.testing.assert_array_equal(np.frombuffer(cloud.data, '<f4').reshape(-1, 3), points)


def test_an_empty_cloud_still_declares_its_fields(header):
    cloud = received(to_cloud(face_points(Obstacles.empty()), header))
    assert [field.name for field in cloud.fields] == ['x', 'y', 'z']
    assert (cloud.width, cloud.row_step, len(cloud.data)) == (0, 0, 0)
    assert cloud.point_step == 12


def test_a_hundred_large_obstacles_fit_the_shared_memory_of_best_effort_subscribers(header):
    boxes = [[0, 0, 600, 400]] * 100
    found = locate(detections(*boxes), ranges(*[30.0] * 100), CAMERA)
    cloud = to_cloud(face_points(found), header)
    assert len(serialize_message(cloud)) < DEFAULT_SEGMENT_BYTES


def test_a_scan_has_the_time_of_the_image_and_the_frame_it_is_given(two, header):
    view = ScanView.of(CAMERA, None, ScanSettings(0.1, 10.0, 0.01))
    ranges_m = scan_ranges(two, view)
    scan = received(to_scan(ranges_m, view, header, 'camera_scan', 0.1))
    assert scan.header.stamp == header.stamp
    assert scan.header.frame_id == 'camera_scan'
    assert (scan.angle_min, scan.angle_max) == pytest.approx((-1.24, 1.24))
    assert scan.angle_increment == pytest.approx(0.01)
    # What consumers such as laser_geometry and slam_toolbox derive from the angles.
    assert len(scan.ranges) == round((scan.angle_max - scan.angle_min) / scan.angle_increment) + 1
    assert (scan.range_min, scan.range_max) == pytest.approx((0.1, 10.0))
    assert (scan.time_increment, scan.scan_time) == (0.0, pytest.approx(0.1))
    assert len(scan.intensities) == 0
    np.testing.assert_array_equal(scan.ranges, ranges_m)
    assert np.isposinf(scan.ranges).any()


def test_the_scan_frame_hangs_on_the_optical_frame_and_is_level(header):
    transform = received(to_scan_transform(level_axes(TILTED), header, 'camera_scan'))
    assert transform.header.frame_id == 'camera_optical_frame'
    assert transform.child_frame_id == 'camera_scan'
    rotation = transform.transform.rotation
    up, left = rotated(rotation, np.eye(3)[2]), rotated(rotation, np.eye(3)[1])
    np.testing.assert_allclose(up, -TILTED.down(), atol=1e-9)
    np.testing.assert_allclose(left, [-1, 0, 0], atol=1e-9)
    shift = transform.transform.translation
    assert (shift.x, shift.y, shift.z) == (0, 0, 0)


def test_markers_delete_those_of_the_frame_before_and_vanish_by_themselves(two, header):
    first, *others = received(to_markers(two, LABELS, header, lifetime_s=1.5)).markers
    assert first.action == Marker.DELETEALL
    assert all(marker.header == header for marker in (first, *others))
    assert {(marker.ns, marker.id) for marker in others} == {
        (namespace, number) for namespace in ('obstacles', 'labels') for number in (0, 1)
    }
    assert all(marker.action == Marker.ADD for marker in others)
    assert all(
        (marker.lifetime.sec, marker.lifetime.nanosec) == (1, 500_000_000) for marker in others
    )


def test_markers_show_the_box_and_say_what_and_how_far(two, header):
    cube, text, *_ = received(to_markers(two, LABELS, header)).markers[1:]
    assert (cube.type, text.type) == (Marker.CUBE, Marker.TEXT_VIEW_FACING)
    assert cube.pose == to_detection3d_array(two, LABELS, header).detections[0].bbox.center
    assert (cube.scale.x, cube.scale.y, cube.scale.z) == pytest.approx((0.4, 0.4, 0.4))
    assert text.text == 'person 2.0 m'
    # Above the box: y points down.
    assert text.pose.position.y < -0.2
    assert text.scale.z > 0
    assert cube.color.a > 0


def test_an_obstacle_that_may_be_nearer_looks_different(header):
    sure, clamped = (
        to_markers(
            locate(detections([290, 190, 310, 210]), ranges(2.0, clamped=flag), CAMERA),
            LABELS, header,
        ).markers[1:]
        for flag in (False, True)
    )
    assert clamped[0].color != sure[0].color
    assert clamped[1].text == 'person < 2.0 m'


def test_no_obstacles_are_empty_messages_that_clear(header):
    nothing = Obstacles.empty()
    assert received(to_detection3d_array(nothing, LABELS, header)).detections == []
    (marker,) = received(to_markers(nothing, LABELS, header)).markers
    assert marker.action == Marker.DELETEALL


def test_label_info_lists_every_class(header):
    info = received(to_label_info(LABELS, 0.35, header))
    assert [(item.class_id, item.class_name) for item in info.class_map] == [
        (0, 'person'), (1, 'car')
    ]
    assert info.threshold == pytest.approx(0.35)


def test_vision_info_names_the_model_and_where_its_classes_are(header):
    info = received(to_vision_info('nanodet_g_416', '/detector/label_info', 2, header))
    assert (info.method, info.database_location) == ('nanodet_g_416', '/detector/label_info')
    assert info.database_version == 2
