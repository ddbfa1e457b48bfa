# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Large raw images arrive, whole and all of them, between two processes."""

import sys

from harness import Process, detector_process, large_image_environment, values_of

FRAMES = 200

# A camera driver: waits until the detector listens, then publishes at 30 Hz and leaves.
DRIVER = """
import sys, time
from array import array
import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
width, height, frames = map(int, sys.argv[1:])
rclpy.init()
node = rclpy.create_node('driver')
publisher = node.create_publisher(Image, '/image', qos_profile_sensor_data)
image = Image(width=width, height=height, step=3 * width, encoding='rgb8')
image.data = array('B', bytes(3 * width * height))
print('ready', flush=True)
sys.stdin.readline()
start = time.monotonic()
for index in range(frames):
    time.sleep(max(0.0, start + index / 30 - time.monotonic()))
    image.header.stamp.sec = index + 1
    publisher.publish(image)
sys.stdin.readline()
"""


def play(graph, domain_id, width, height, frames):
    """Publish from a process with the large-image profile; return the detector's counts."""
    environment = {'ROS_DOMAIN_ID': str(domain_id), **large_image_environment()}
    with detector_process(domain_id, '-p', 'num_threads:=1'):
        driver = Process(
            [sys.executable, '-c', DRIVER, str(width), str(height), str(frames)], environment
        )
        graph.wait_for_status(lambda _, values: values.get('image publishers') == '1')
        driver.write('go\n')
        status = graph.wait_for_status(
            lambda _, values: int(values.get('frames received', 0)) + int(
                values.get('frames lost in transport', 0)) >= frames
        )
        driver.write('done\n')
        assert driver.wait() == 0
    return values_of(status)


def test_200_raw_vga_images_at_30_hz_all_arrive(graph, domain_id):
    counts = play(graph, domain_id, 640, 480, FRAMES)
    assert counts['frames lost in transport'] == '0'
    assert int(counts['frames received']) == FRAMES
    assert int(counts['frames processed']) + int(counts['frames replaced by newer']) == FRAMES


def test_raw_720p_images_all_arrive(graph, domain_id):
    counts = play(graph, domain_id, 1280, 720, 60)
    assert int(counts['frames received']) == 60
