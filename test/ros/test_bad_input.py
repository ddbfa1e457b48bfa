# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bad input to the real node: counted under its reason, and the next good frame is answered."""

import math
import struct
from array import array
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from harness import (
    compressed_message,
    detector_process,
    image_message,
    level_of,
    picture,
    values_of,
)
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Detection2DArray, Detection3DArray

from compressed_detector.ros.judgement import Level

ANSWERED = 'answered'
JPEG, PNG, WEBP = (
    cv2.imencode(extension, picture())[1].tobytes() for extension in ('.jpg', '.png', '.webp')
)


def jpeg_that_claims(width, height):
    at = JPEG.index(b'\xff\xc0') + 5
    return JPEG[:at] + struct.pack('>HH', height, width) + JPEG[at + 4:]


def raw(**fields):
    message = image_message(picture(), 1)
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def stamped(make, seconds, frame_id='camera'):
    message = make()
    message.header.stamp.sec = seconds
    message.header.frame_id = frame_id
    return message


def encoded(data, name='jpeg'):
    message = compressed_message(data, 1)
    message.format = name
    return message


RAW = {
    'step_below_the_row': (raw(step=191), 'step'),
    'step_of_zero': (raw(step=0), 'step'),
    'step_beyond_the_data': (raw(step=2**32 - 1), 'length'),
    'a_byte_short': (raw(data=array('B', picture().tobytes()[:-1])), 'length'),
    'no_data': (raw(data=array('B')), 'length'),
    'huge_height': (raw(height=2**32 - 1), 'size'),
    'huge': (raw(width=2**32 - 1, height=2**32 - 1), 'size'),
    'no_width': (raw(width=0), 'size'),
    'no_height': (raw(height=0), 'size'),
    'unknown_encoding': (raw(encoding='h264'), 'encoding'),
    'encoding_in_capitals': (raw(encoding='BGR8'), 'encoding'),
    'no_encoding': (raw(encoding=''), 'encoding'),
    'long_encoding': (raw(encoding='x' * 10**5), 'encoding'),
    'depth_as_picture': (raw(encoding='16UC1', step=128), 'encoding'),
    'odd_width_of_yuv': (raw(encoding='uyvy', width=63), 'size'),
    'more_data_than_needed': (raw(data=array('B', picture().tobytes() + bytes(9))), ANSWERED),
    'stamp_of_zero': (stamped(raw, 0), ANSWERED),
    'stamp_before_zero': (stamped(raw, -2**31), ANSWERED),
    'stamp_in_the_future': (stamped(raw, 2**31 - 1), ANSWERED),
    'no_frame_id': (stamped(raw, 1, ''), ANSWERED),
}
COMPRESSED = {
    'half_a_jpeg': (encoded(JPEG[:len(JPEG) // 2]), 'jpeg'),
    'jpeg_without_its_size': (encoded(JPEG[:30] + JPEG[-2:]), 'jpeg'),
    'half_a_png': (encoded(PNG[:len(PNG) // 2], 'png'), 'png'),
    'damaged_png': (encoded(PNG[:60] + b'!' + PNG[61:], 'png'), 'png'),
    'text': (encoded(b'no picture at all'), 'format'),
    'nothing': (encoded(b''), 'format'),
    'webp': (encoded(WEBP, 'webp'), 'format'),
    'compressed_depth': (encoded(bytes(12) + PNG, '16UC1; compressedDepth png'), 'format'),
    'depth_as_png': (encoded(PNG, '16UC1; png compressed '), 'encoding'),
    'jpeg_bomb': (encoded(jpeg_that_claims(65500, 65500)), 'size'),
    'png_bomb': (encoded(PNG[:16] + b'\0\x7f\xff\xff' * 2 + PNG[24:], 'png'), 'size'),
    'jpeg_of_no_height': (encoded(jpeg_that_claims(64, 0)), 'size'),
    'no_format': (encoded(PNG, ''), ANSWERED),
    'format_of_another': (encoded(PNG, 'jpeg'), ANSWERED),
}


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


class Cameras:
    """One node that serves a camera for every row of a table, all at once."""

    def __init__(self, graph, names, kind=Image):
        self._graph, self._names = graph, names
        suffix = '/compressed' if kind is CompressedImage else ''
        self._images = {name: self._publisher(kind, f'/{name}/image{suffix}') for name in names}
        self._infos = {name: self._publisher(CameraInfo, f'/{name}/camera_info') for name in names}
        self._depths = {name: self._publisher(Image, f'/{name}/depth') for name in names}
        self.answers = {name: [] for name in names}
        self.obstacles = {name: [] for name in names}
        for name in names:
            for output, heard in (('detections', self.answers), ('obstacles', self.obstacles)):
                message = Detection2DArray if output == 'detections' else Detection3DArray
                graph.node.create_subscription(
                    message, f'/detector/{name}/{output}', heard[name].append, 10
                )

    def wait_until_heard(self):
        self.wait_for(lambda status: values_of(status)['image publishers'] == '1')
        for publisher in self._images.values():
            self._graph.wait_until(publisher.get_subscription_count)

    def send(self, name, message, info=None, depth_image=None):
        if info is not None:
            self._infos[name].publish(info)
        if depth_image is not None:
            self._depths[name].publish(depth_image)
        self._images[name].publish(message)

    def wait_for(self, condition, again=lambda: None):
        """Return the status of every camera once all meet the condition, sending again before."""
        met, start = {}, len(self._graph.statuses)

        def look():
            nonlocal start
            news = self._graph.statuses[start:]
            start += len(news)
            met.update({
                name: status for status in news
                if (name := status.name.rpartition(' ')[2]) in self._names and condition(status)
            })
            if news:
                again()
            return len(met) == len(self._names)

        again()
        try:
            self._graph.wait_until(look)
        except AssertionError:
            missing = sorted(set(self._names) - set(met))
            said = {s.name: s.message for s in self._graph.statuses}
            raise AssertionError(f'{missing}: {said}') from None
        return met

    def _publisher(self, kind, topic):
        return self._graph.node.create_publisher(kind, topic, QoSProfile(depth=10))


@contextmanager
def cameras_for(graph, domain_id, table, *parameters, kind=Image):
    arguments = [f'cameras:=[{",".join(table)}]', *parameters]
    options = [word for argument in arguments for word in ('-p', argument)]
    with detector_process(domain_id, *options) as process:
        cameras = Cameras(graph, tuple(table), kind)
        cameras.wait_until_heard()
        yield cameras
        assert process.running()
        assert process.stop() == 0
        assert 'Traceback' not in process.output


@pytest.mark.parametrize(('table', 'kind'), [(RAW, Image), (COMPRESSED, CompressedImage)])
def test_every_bad_image_is_counted_for_its_reason_and_the_next_good_one_is_answered(
    graph, domain_id, table, kind
):
    transport = [f'{name}.image_transport:=compressed' for name in table
                 if kind is CompressedImage]
    with cameras_for(graph, domain_id, table, *transport, kind=kind) as cameras:
        for name, (message, _) in table.items():
            cameras.send(name, message)
        statuses = cameras.wait_for(lambda status: values_of(status)['frames received'] == '1'
                                    and total(status) == 1)
        fates = {name: fate(status) for name, status in statuses.items()}
        assert fates == {name: expected for name, (_, expected) in table.items()}
        for name in table:
            good = image_message(picture(), 7) if kind is Image else compressed_message(PNG, 7)
            cameras.send(name, good)
        for name in table:
            graph.wait_until(lambda name=name: any(
                answer.header.stamp.sec == 7 and len(answer.detections) == 1
                for answer in cameras.answers[name]
            ))


def total(status):
    values = values_of(status)
    return int(values['frames processed']) + int(values['frames undecodable'])


def fate(status):
    values = values_of(status)
    reasons = [key.removeprefix('undecodable: ') for key in values if key.startswith('undec')]
    return reasons[0] if reasons else ANSWERED if values['frames processed'] == '1' else 'lost'


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
