# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Calibrations of no camera, and depth images of no use."""

from __future__ import annotations

import math
from array import array
from random import Random

from sensor_msgs.msg import CameraInfo, Image

from node_fuzzer import raw
from node_fuzzer.raw import EXTREMES, mutate_header

NUMBERS = (0.0, -1.0, math.nan, math.inf, -math.inf, 1e308, -1e-308, 1e-12, 50.0)
MODELS = ('plumb_bob', 'rational_polynomial', 'equidistant', '', 'fisheye', 'x' * 5000, '\u4e2d')
DEPTHS = {'16UC1': 2, '32FC1': 4, 'mono16': 2}


def good_camera_info() -> CameraInfo:
    """Return the calibration of the 64 x 64 pixels of the tiny model, without distortion."""
    info = CameraInfo(width=64, height=64, distortion_model='plumb_bob')
    info.k = [50.0, 0.0, 31.5, 0.0, 50.0, 31.5, 0.0, 0.0, 1.0]
    info.p = [50.0, 0.0, 31.5, 0.0, 0.0, 50.0, 31.5, 0.0, 0.0, 0.0, 1.0, 0.0]
    info.d = [0.0] * 5
    info.header.frame_id = 'camera'
    return info


def good_depth() -> Image:
    """Return two metres everywhere."""
    message = Image(encoding='16UC1', width=64, height=64, step=128)
    message.data = array('B', (2000).to_bytes(2, 'little') * 64 * 64)
    message.header.frame_id = 'camera'
    return message


def camera_info(random: Random) -> CameraInfo:
    """Return a calibration of which up to four things are wrong."""
    info = good_camera_info()
    for _ in range(random.randint(0, 4)):
        random.choice(MUTATIONS)(random, info)
    mutate_header(random, info.header)
    return info


def depth(random: Random) -> Image:
    """Return a depth image with strange values, of which up to three things are wrong."""
    encoding = random.choice((*DEPTHS, *DEPTHS, '8UC1', '64FC1', '', 'bgr8'))
    message = raw.well_formed(random, encoding, DEPTHS.get(encoding))
    if random.random() < 0.5:
        message.width = message.height = 64
        message.step = 64 * DEPTHS.get(encoding, 1)
        filling = random.choice((b'\0', b'\xff', b'\0\0\xc0\x7f', b'\0\0\x80\xff'))  # NaN, -inf
        message.data = array('B', filling * (message.step * 64 // len(filling)))
    for _ in range(random.choice((0, 0, 1, 3))):
        random.choice(raw.MUTATIONS)(random, message)
    return message


def _intrinsics(random: Random, info: CameraInfo) -> None:
    info.k[random.randrange(9)] = random.choice(NUMBERS)


def _projection(random: Random, info: CameraInfo) -> None:
    info.p[random.randrange(12)] = random.choice(NUMBERS)


def _coefficients(random: Random, info: CameraInfo) -> None:
    count = random.choice((0, 1, 4, 5, 8, 12, 14, 15, 10_000))
    info.d = [random.choice(NUMBERS + (0.1, -0.3)) for _ in range(count)]


def _model(random: Random, info: CameraInfo) -> None:
    info.distortion_model = random.choice(MODELS)


def _size(random: Random, info: CameraInfo) -> None:
    info.width, info.height = random.choice(EXTREMES), random.choice(EXTREMES)


def _binning(random: Random, info: CameraInfo) -> None:
    info.binning_x, info.binning_y = random.choice(EXTREMES), random.choice(EXTREMES)


def _region(random: Random, info: CameraInfo) -> None:
    info.roi.x_offset, info.roi.y_offset = random.choice(EXTREMES), random.choice(EXTREMES)
    info.roi.width, info.roi.height = random.choice(EXTREMES), random.choice(EXTREMES)


MUTATIONS = (_intrinsics, _projection, _coefficients, _model, _size, _binning, _region)
