# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bad calibration and depth to the real node: an error that says why, until they are mended."""

import math
from array import array

import numpy as np
from camera_table import cameras_for
from harness import image_message, level_of, picture, values_of
from sensor_msgs.msg import CameraInfo, Image

from compressed_detector.ros.judgement import Level


def camera_info(**fields):
    info = CameraInfo(width=64, height=64, distortion_model='plumb_bob', d=[0.0] * 5)
    info.k = [50.0, 0.0, 31.5, 0.0, 50.0, 31.5, 0.0, 0.0, 1.0]
    for name, value in fields.items():
        setattr(info, name, value)
    return info


def intrinsics(fx, fy=50.0):
    return camera_info(k=[fx, 0.0, 31.5, 0.0, fy, 31.5, 0.0, 0.0, 1.0])


def depth(values=2000, dtype='<u2', seconds=1, **fields):
    filled = np.full((64, 64), values, dtype)
    message = Image(encoding='16UC1' if filled.itemsize == 2 else '32FC1', width=64, height=64,
                    step=64 * filled.itemsize, data=array('B', filled.tobytes()))
    message.header.stamp.sec = seconds
    for name, value in fields.items():
        setattr(message, name, value)
    return message


RANGING = {
    'no_focal_length': (intrinsics(0.0), depth(), 'finite fx, fy > 0'),
    'negative_focal_length': (intrinsics(50.0, -50.0), depth(), 'finite fx, fy > 0'),
    'focal_length_nan': (intrinsics(math.nan), depth(), 'finite fx, fy > 0'),
    'focal_length_inf': (intrinsics(math.inf), depth(), 'finite fx, fy > 0'),
    'unknown_lens': (camera_info(distortion_model='fov'), depth(), 'a distortion model of'),
    'too_few_coefficients': (camera_info(d=[0.1]), depth(), 'finite distortion coefficients'),
    'many_coefficients': (camera_info(d=[0.1] * 10**4), depth(), 'finite distortion coefficients'),
    'coefficient_nan': (camera_info(d=[math.nan] * 5), depth(), 'finite distortion coefficients'),
    'calibration_of_no_size': (camera_info(width=0), depth(), 'an image size'),
    'calibration_of_another_view': (camera_info(height=32), depth(), 'aspect ratio'),
    'depth_of_colour': (camera_info(), depth(encoding='bgr8'), 'depth image: expected an enc'),
    'depth_too_short': (camera_info(), depth(height=65), 'depth image: expected 65 rows'),
    'depth_of_another_view': (camera_info(), depth(height=32), 'aspect ratio'),
    'depth_of_no_size': (camera_info(), depth(width=0, height=0, step=0), 'expected'),
    'depth_from_the_future': (camera_info(), depth(seconds=2**31 - 1), 'no depth image of the'),
}
UNKNOWN_DEPTH = {
    'depth_nan': depth(math.nan, '<f4'),
    'depth_infinite': depth(math.inf, '<f4'),
    'depth_negative': depth(-1.0, '<f4'),
    'depth_zero': depth(0),
}


def test_bad_geometry_is_an_error_that_says_why_and_good_geometry_mends_it(graph, domain_id):
    depths = [f'{name}.depth_topic:=/{name}/depth' for name in RANGING]

    def send_all(bad):
        for name, (info, depth_image, _) in RANGING.items():
            cameras.send(name, image_message(picture(), 1), info if bad else camera_info(),
                         depth_image if bad else depth())

    with cameras_for(graph, domain_id, RANGING, *depths) as cameras:
        statuses = cameras.wait_for(
            lambda status: level_of(status) == Level.ERROR
            and RANGING[status.name.rpartition(' ')[2]][2] in status.message,
            lambda: send_all(bad=True),
        )
        assert max(len(status.message) for status in statuses.values()) < 1000
        assert not any(heard for heard in cameras.obstacles.values() if heard)
        assert all(cameras.answers.values())
        cameras.wait_for(lambda status: level_of(status) == Level.OK, lambda: send_all(bad=False))
        for heard in cameras.obstacles.values():
            graph.wait_until(lambda heard=heard: any(array.detections for array in heard))


def test_depth_that_knows_nothing_leaves_objects_without_range_and_says_so(graph, domain_id):
    depths = [f'{name}.depth_topic:=/{name}/depth' for name in UNKNOWN_DEPTH]

    def send_all():
        for name, depth_image in UNKNOWN_DEPTH.items():
            cameras.send(name, image_message(picture(), 1), camera_info(), depth_image)

    with cameras_for(graph, domain_id, UNKNOWN_DEPTH, *depths) as cameras:
        cameras.wait_for(
            lambda status: values_of(status)['objects without range'] == '1'
            and level_of(status) == Level.OK, send_all,
        )
        for name, heard in cameras.obstacles.items():
            graph.wait_until(lambda heard=heard: heard)
            assert not any(array.detections for array in heard), name
