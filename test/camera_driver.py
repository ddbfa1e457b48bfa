# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A camera driver as a process of its own, for tests that kill it: 20 pictures a second."""

import contextlib
import sys

import rclpy
from harness import Process, image_message, picture
from rclpy.executors import ExternalShutdownException
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

RATE_HZ = 20.0


def camera_process(domain_id, **environment):
    """Start the driver; stopping it is the caller's."""
    return Process([sys.executable, __file__], {'ROS_DOMAIN_ID': str(domain_id), **environment})


def main():
    rclpy.init()
    node = rclpy.create_node('camera_driver')
    publisher = node.create_publisher(Image, '/image', qos_profile_sensor_data)
    message = image_message(picture())

    def publish():
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)

    node.create_timer(1 / RATE_HZ, publish)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


if __name__ == '__main__':
    main()
