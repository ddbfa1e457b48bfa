# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The vision_msgs of this environment is the released one: same hashes, same bytes, same wire."""

import os
import subprocess
import sys
import time

import pytest

pytest.importorskip('rclpy')

import rclpy
from geometry_msgs.msg import Pose, PoseWithCovariance
from harness import fresh_domain
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import deserialize_message, serialize_message
from vision_msgs import msg as vision

# The type hashes of the released packages (REP-2016); a node elsewhere compares them with ours.
RELEASED_HASHES = {
    'BoundingBox2D': '008eacbb0cf8f26e83795547bed013eec3675485ef386ec056d80eaaf1c1ce2f',
    'BoundingBox3D': 'bbb73a65c163d7f9bb29009c7bde9f7faa576bd2d23299c4511d19230dab4698',
    'Detection2D': '0d12b69df5c593b3455b7346fac8205437a7d4bcb09b9e0e0b2dde787ded38ea',
    'Detection2DArray': '214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968',
    'Detection3D': 'ddd703be132ab0b69d33121f1bb034132bfbb3b0ac5f9fb1516005ba1c8a265b',
    'Detection3DArray': '793f5eab9595ac1c0da07873cc859db42eae51f0ee76056db8562515d830e018',
    'LabelInfo': '3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783',
    'ObjectHypothesis': '51da43cec11c01957a64d1e05a24acd18aae7745ec30b74348ad5f6d634f7f90',
    'ObjectHypothesisWithPose': '41c12344c0396c48b81df12467c192d99b2a0eb1463c5c37194e4223251c80bc',
    'Point2D': 'eab0e83f44ab4de92ceaf76dd7d0e7638f2bdd1d16ffbe16c7a136c48e407247',
    'Pose2D': 'b0b5d1d7b4c20dd4fcde3ed1d4b289a919290572007d67a97043814db25d3648',
    'VisionClass': '1e4a11f0fed50b5623cb8ff26ca0e37952a48a9c074d16f804b44e9164c2037a',
    'VisionInfo': '95d3116a17484ad91c9a2686e1d54890bbfc3ff6c6a2de137738c4950d45d284',
}

WAIT_S = 20.0

# Holds one message for whoever comes, until its standard input is closed.
PUBLISHER = """
import sys
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from vision_msgs.msg import Detection2DArray
rclpy.init()
node = rclpy.create_node('publisher')
latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
publisher = node.create_publisher(Detection2DArray, 'detections', latched)
publisher.publish(deserialize_message(bytes.fromhex(sys.argv[1]), Detection2DArray))
sys.stdin.read()
rclpy.shutdown()
"""

# Prints the serialized form of what arrives, and ends; says so when nothing does.
SUBSCRIBER = """
import sys
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message
from rclpy.task import Future
from vision_msgs.msg import Detection2DArray
rclpy.init()
node = rclpy.create_node('subscriber')
latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
arrived = Future()
node.create_subscription(Detection2DArray, 'detections', arrived.set_result, latched)
rclpy.spin_until_future_complete(node, arrived, timeout_sec=float(sys.argv[1]))
rclpy.shutdown()
if not arrived.done():
    sys.exit('nothing arrived')
print(serialize_message(arrived.result()).hex())
"""


def two_people() -> vision.Detection2DArray:
    """Return a message in which every field that a detector fills differs from its default."""
    message = vision.Detection2DArray()
    message.header.frame_id = 'camera_optical'
    message.header.stamp.sec, message.header.stamp.nanosec = 12, 345
    for x, score in ((320.5, 0.91), (-4.25, 0.35)):
        box = vision.BoundingBox2D(size_x=40.0, size_y=110.5)
        box.center.position.x, box.center.position.y, box.center.theta = x, 240.0, 0.5
        guess = vision.ObjectHypothesisWithPose(
            hypothesis=vision.ObjectHypothesis(class_id='Fußgänger', score=score),
            pose=PoseWithCovariance(pose=Pose(), covariance=[float(i) for i in range(36)]),
        )
        message.detections.append(
            vision.Detection2D(header=message.header, results=[guess], bbox=box, id=f'track {x}')
        )
    return message


@pytest.fixture(scope='module')
def hashes_on_the_wire() -> dict[str, str]:
    """Return the hash by message name that publishers of this environment announce over DDS."""
    pytest.importorskip('rclpy.type_hash', reason='ROS 2 Humble does not know type hashes')
    context = Context()
    rclpy.init(context=context, domain_id=fresh_domain())
    node = rclpy.create_node('hashes', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        for name in RELEASED_HASHES:
            node.create_publisher(getattr(vision, name), name, 1)
        deadline = time.monotonic() + WAIT_S
        found: dict[str, str] = {}
        while len(found) < len(RELEASED_HASHES) and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.05)
            found = {
                name: str(info.topic_type_hash)
                for name in RELEASED_HASHES for info in node.get_publishers_info_by_topic(name)
            }
        return found
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)


@pytest.mark.parametrize('name', RELEASED_HASHES)
def test_type_hash_equals_the_released_one(
    name: str, hashes_on_the_wire: dict[str, str]
) -> None:
    assert hashes_on_the_wire[name] == f'RIHS01_{RELEASED_HASHES[name]}'


def test_detection_array_survives_serialization() -> None:
    message = two_people()
    copy = deserialize_message(serialize_message(message), vision.Detection2DArray)
    assert copy == message
    assert copy.detections[1].results[0].hypothesis.class_id == 'Fußgänger'
    assert copy.detections[1].bbox.center.position.x == -4.25


def test_empty_detection_array_survives_serialization() -> None:
    message = vision.Detection2DArray()
    assert deserialize_message(serialize_message(message), vision.Detection2DArray) == message


def test_hypothesis_has_the_bytes_that_cdr_prescribes() -> None:
    message = vision.ObjectHypothesis(class_id='person', score=0.5)
    encapsulation = b'\x00\x01\x00\x00'  # CDR, little endian
    class_id = b'\x07\x00\x00\x00person\x00'  # the length counts the terminator
    padding = b'\x00' * 5  # a float64 starts at a multiple of 8; what lies before has no meaning
    score = b'\x00\x00\x00\x00\x00\x00\xe0\x3f'
    written = serialize_message(message)
    assert written[:15] == encapsulation + class_id
    assert written[20:] == score
    prescribed = encapsulation + class_id + padding + score
    assert deserialize_message(prescribed, vision.ObjectHypothesis) == message


def test_detection_array_reaches_another_process() -> None:
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(fresh_domain())}
    publisher = subprocess.Popen(
        [sys.executable, '-c', PUBLISHER, serialize_message(two_people()).hex()],
        env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        subscriber = subprocess.run(
            [sys.executable, '-c', SUBSCRIBER, str(WAIT_S)], env=environment,
            capture_output=True, text=True, timeout=2 * WAIT_S, check=False,
        )
        _, complaints = publisher.communicate(timeout=WAIT_S)
    finally:
        publisher.kill()
        publisher.wait()
    assert (subscriber.returncode, publisher.returncode) == (0, 0), subscriber.stderr + complaints
    received = bytes.fromhex(subscriber.stdout)
    assert deserialize_message(received, vision.Detection2DArray) == two_people()
