# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Message classes, stamps and QoS of recorded topics, against the real message packages."""

import struct

import pytest
from builtin_interfaces.msg import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.qos import DurabilityPolicy, HistoryPolicy, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from replay_bags import TYPES, header, recorded_qos
from rosbags.interfaces import QosDurability, QosHistory, QosReliability, QosTime
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header, String

from compressed_detector.errors import BagError, RosError
from compressed_detector.ros.replay_topics import (
    begins_with_header,
    load_message_class,
    offered_qos,
    restamp,
)

IMAGE_HASH = TYPES.hash_rihs01('sensor_msgs/msg/Image')


def test_installed_type_is_imported_and_its_hash_accepted():
    assert load_message_class('sensor_msgs/msg/Image', IMAGE_HASH) is Image
    assert load_message_class('sensor_msgs/msg/Image') is Image


@pytest.mark.parametrize(
    ('msgtype', 'recorded_hash', 'reason'),
    [
        ('radar_msgs/msg/RadarScan', '', r'package radar_msgs is not installed.*radar-msgs'),
        ('sensor_msgs/msg/Sonar', '', 'package sensor_msgs has no message Sonar'),
        ('std_srvs/srv/Empty_Event', '', 'services and actions are not replayed'),
        ('Image', '', 'not a message'),
        ('sensor_msgs/msg/Image', 'RIHS01_' + '0' * 64, f'RIHS01_0+, the installed.*{IMAGE_HASH}'),
    ],
)
def test_type_that_cannot_be_played_says_why(msgtype, recorded_hash, reason):
    with pytest.raises(RosError, match=reason):
        load_message_class(msgtype, recorded_hash)


@pytest.mark.parametrize(
    ('kind', 'expected'), [(Image, True), (CompressedImage, True), (CameraInfo, True),
                           (String, False), (Header, False), (Time, False)]
)
def test_leading_header_is_found_in_the_message_class(kind, expected):
    assert begins_with_header(kind) is expected


STAMPS = st.builds(lambda s, ns: s * 10**9 + ns, st.integers(0, 2**31 - 1),
                   st.integers(0, 10**9 - 1))


@settings(deadline=None)
@given(STAMPS, STAMPS, st.text('abc_/', max_size=9), st.binary(max_size=50))
def test_restamp_changes_the_stamp_and_nothing_else(old_ns, new_ns, frame_id, pixels):
    image = CompressedImage(format='jpeg', data=pixels)
    image.header.frame_id = frame_id
    image.header.stamp = Time(sec=old_ns // 10**9, nanosec=old_ns % 10**9)
    restamped = restamp(serialize_message(image), new_ns)
    image.header.stamp = Time(sec=new_ns // 10**9, nanosec=new_ns % 10**9)
    assert isinstance(restamped, bytes)
    assert deserialize_message(restamped, CompressedImage) == image


@settings(deadline=None)
@given(STAMPS)
def test_restamp_respects_big_endian_messages(new_ns):
    name = 'std_msgs/msg/Header'
    data = bytes(TYPES.serialize_cdr(header(1), name, little_endian=False))
    restamped = restamp(data, new_ns)
    assert restamped[:4] == data[:4]
    assert struct.unpack('>iI', restamped[4:12]) == divmod(new_ns, 10**9)
    assert TYPES.deserialize_cdr(restamped, name) == header(new_ns)


def test_message_too_short_for_a_stamp_is_refused():
    with pytest.raises(BagError, match='at least 12 bytes, got 7'):
        restamp(b'\0\1\0\0abc', 1)


def test_recorded_qos_is_offered_again():
    qos = offered_qos('/scan', [recorded_qos(
        QosReliability.BEST_EFFORT, QosDurability.VOLATILE, QosHistory.KEEP_LAST, 3,
        deadline=QosTime(0, 200_000_000), lifespan=QosTime(1, 5),
    )])
    assert qos.reliability == ReliabilityPolicy.BEST_EFFORT
    assert qos.durability == DurabilityPolicy.VOLATILE
    assert (qos.history, qos.depth) == (HistoryPolicy.KEEP_LAST, 3)
    assert qos.deadline.nanoseconds == 200_000_000
    assert qos.lifespan.nanoseconds == 1_000_000_005


@pytest.mark.parametrize('topic', ['/tf_static', '/robot/robot_description', '/map'])
def test_latched_topic_without_recorded_qos_is_transient_local(topic):
    assert offered_qos(topic, []).durability == DurabilityPolicy.TRANSIENT_LOCAL


def test_topic_without_recorded_qos_is_reliable_volatile_depth_10():
    qos = offered_qos('/camera/image', [])
    assert qos.reliability == ReliabilityPolicy.RELIABLE
    assert qos.durability == DurabilityPolicy.VOLATILE
    assert (qos.history, qos.depth) == (HistoryPolicy.KEEP_LAST, 10)


def test_what_the_recorder_did_not_know_gets_the_default():
    # What rosbag2 records with Fast DDS: history unknown, depth 0, durations infinite.
    infinite = QosTime(2147483647, 4294967295)
    qos = offered_qos('/tf_static', [recorded_qos(
        history=QosHistory.UNKNOWN, depth=0, deadline=infinite, lifespan=infinite
    )])
    assert (qos.history, qos.depth) == (HistoryPolicy.KEEP_LAST, 10)
    assert qos.durability == DurabilityPolicy.VOLATILE
    assert (qos.deadline.nanoseconds, qos.lifespan.nanoseconds) == (0, 0)


def test_strongest_of_several_offers_wins():
    qos = offered_qos('/mixed', [
        recorded_qos(QosReliability.BEST_EFFORT, depth=1, deadline=QosTime(2, 0),
                     lifespan=QosTime(1, 0)),
        recorded_qos(durability=QosDurability.TRANSIENT_LOCAL, depth=5, deadline=QosTime(1, 0)),
    ])
    assert qos.reliability == ReliabilityPolicy.RELIABLE
    assert qos.durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert qos.depth == 5
    assert qos.deadline.nanoseconds == 10**9
    # One publisher kept its messages for ever.
    assert qos.lifespan.nanoseconds == 0
