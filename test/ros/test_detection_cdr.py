# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The bytes of detections are those that ROS 2 would make of a message, and can be read back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

from compressed_detector.detection.detection_cdr import serialize
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation.detection_messages import deserialize

LABELS = ('person', 'car', 'Gehweg-Poller für Fußgänger')
# Nanoseconds of a malformed header may be more than a second.
STAMPS = st.tuples(st.integers(-2**31, 2**31 - 1), st.integers(0, 2**32 - 1))
TEXTS = st.text(st.characters(exclude_categories=('Cs',), exclude_characters='\0'), max_size=12)


@st.composite
def detections(draw: st.DrawFn) -> Detections:
    count = draw(st.integers(0, 5))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return Detections(random.normal(300, 200, (count, 4)), random.random(count),
                      random.integers(0, len(LABELS), count))


def message(
    found: Detections, stamp: tuple[int, int], frame_id: str, ids: list[str]
) -> Detection2DArray:
    """Return the message object by object, as a user of ROS 2 would write it."""
    array = Detection2DArray()
    array.header.stamp.sec, array.header.stamp.nanosec = stamp
    array.header.frame_id = frame_id
    for number, (left, top, right, bottom) in enumerate(found.boxes_xyxy.tolist()):
        detection, result = Detection2D(header=array.header), ObjectHypothesisWithPose()
        result.hypothesis.class_id = LABELS[found.class_ids[number]]
        result.hypothesis.score = float(found.scores[number])
        detection.results = [result]
        detection.bbox.center.position.x = (left + right) / 2
        detection.bbox.center.position.y = (top + bottom) / 2
        detection.bbox.size_x, detection.bbox.size_y = right - left, bottom - top
        detection.id = ids[number] if ids else ''
        array.detections.append(detection)
    return array


@given(found=detections(), stamp=STAMPS, frame_id=TEXTS, data=st.data())
def test_ros_reads_the_message_that_it_would_have_written(
    found: Detections, stamp: tuple[int, int], frame_id: str, data: st.DataObject
) -> None:
    count = len(found)
    ids = data.draw(st.just([]) | st.lists(TEXTS, min_size=count, max_size=count))
    written = serialize(found, LABELS, stamp, frame_id, ids)
    # Bytes cannot be compared: those between fields are what ROS 2 found in memory.
    expected = message(found, stamp, frame_id, ids)
    assert deserialize_message(written, Detection2DArray) == expected
    assert len(serialize_message(expected)) - len(written) in range(4)


@given(found=detections(), frame_id=TEXTS)
def test_what_goes_in_comes_back(found: Detections, frame_id: str) -> None:
    back = deserialize(serialize(found, LABELS, (5, 6), frame_id), LABELS)
    np.testing.assert_allclose(back.boxes_xyxy, found.boxes_xyxy, atol=1e-4)
    np.testing.assert_array_equal(back.scores, found.scores)
    np.testing.assert_array_equal(back.class_ids, found.class_ids)


def test_boxes_become_centre_and_size_in_pixels() -> None:
    found = Detections(np.array([[10, 20, 30, 60]]), np.array([0.75]), np.array([1]))
    written = serialize(found, LABELS, (0, 7), 'camera_optical_frame', ['12'])
    (detection,) = deserialize_message(written, Detection2DArray).detections
    assert detection.header.frame_id == 'camera_optical_frame'
    assert (detection.bbox.center.position.x, detection.bbox.center.position.y) == (20, 40)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (20, 40)
    assert detection.results[0].hypothesis.class_id == 'car'
    assert detection.results[0].hypothesis.score == 0.75
    assert detection.id == '12'
