# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bad images to the real node: counted for their reason, and the next good one is answered."""

import struct
from array import array

import cv2
import pytest
from camera_table import cameras_for
from harness import compressed_message, image_message, picture, values_of
from sensor_msgs.msg import CompressedImage, Image

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
