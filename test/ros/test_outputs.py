# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detections survive the way into a message and back."""

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from compressed_detector.detection.detection_arrays import from_detection_array
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.detection_messages import deserialize, serialize
from compressed_detector.ros.outputs import to_detection_array

LABELS = ('person', 'car')


def test_boxes_become_centre_and_size_in_pixels():
    detections = Detections(
        np.array([[10, 20, 30, 60]], np.float32), np.array([0.75], np.float32),
        np.array([1], np.int32),
    )
    header = Header(frame_id='camera_optical_frame')
    array = to_detection_array(detections, LABELS, header)
    (detection,) = array.detections
    assert array.header == detection.header == header
    assert (detection.bbox.center.position.x, detection.bbox.center.position.y) == (20, 40)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (20, 40)
    assert detection.results[0].hypothesis.class_id == 'car'
    assert detection.results[0].hypothesis.score == 0.75


def test_a_message_gives_back_what_went_in():
    detections = Detections(
        np.array([[0, 0, 5, 5], [1.5, 2, 3, 4.25]], np.float32),
        np.array([0.9, 0.4], np.float32), np.array([1, 0], np.int32),
    )
    back = from_detection_array(to_detection_array(detections, LABELS, Header()), LABELS)
    np.testing.assert_allclose(back.boxes_xyxy, detections.boxes_xyxy)
    np.testing.assert_array_equal(back.scores, detections.scores)
    np.testing.assert_array_equal(back.class_ids, detections.class_ids)


def test_no_detections_are_an_empty_message_and_come_back_empty():
    array = to_detection_array(Detections.empty(), LABELS, Header())
    assert not array.detections
    assert len(from_detection_array(array, LABELS)) == 0


def test_what_is_written_without_ros_is_what_the_node_publishes():
    detections = Detections(
        np.array([[0, 0, 5, 5], [1.5, 2, 3, 4.25]], np.float32),
        np.array([0.9, 0.4], np.float32), np.array([1, 0], np.int32),
    )
    header = Header(frame_id='camera_optical_frame')
    header.stamp.sec, header.stamp.nanosec = 5, 7
    for found in (detections, Detections.empty()):
        array = to_detection_array(found, LABELS, header)
        written = serialize(found, LABELS, 5_000_000_007, 'camera_optical_frame')
        assert deserialize_message(written, Detection2DArray) == array
        back = deserialize(serialize_message(array), LABELS)
        np.testing.assert_array_equal(back.boxes_xyxy, found.boxes_xyxy)
        np.testing.assert_array_equal(back.class_ids, found.class_ids)
