# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is concluded from a camera's numbers, and that it says why."""

from dataclasses import replace

import pytest

from compressed_detector.ros.health import Counts, Snapshot, Spread
from compressed_detector.ros.judgement import Camera, Level, judge

CAMERA = Camera('/image', publishers=1, published_s=60.0, compressed=False)
FINE = Snapshot(
    counts=Counts(received=10, processed=10), fps=10.0, replaced_share=0.0,
    latency=Spread(20.0, 30.0), inference=Spread(15.0, 20.0), age=Spread(30.0, 40.0), unranged=0,
    silent_s=0.1,
)
NOTHING_YET = replace(FINE, counts=Counts())


def counting(**counts):
    return replace(FINE, counts=Counts(**{'received': 10, 'processed': 2, **counts}))


@pytest.mark.parametrize(('camera', 'numbers', 'level', 'words'), [
    (CAMERA, FINE, Level.OK, '10.0 frames per second'),
    (CAMERA, NOTHING_YET, Level.OK, 'waiting for images on /image'),
    (replace(CAMERA, publishers=0), replace(NOTHING_YET, silent_s=9), Level.WARN,
     'nobody publishes /image'),
    (CAMERA, replace(NOTHING_YET, silent_s=9), Level.WARN, 'fastdds_large_images.xml'),
    (replace(CAMERA, compressed=True), replace(NOTHING_YET, silent_s=9), Level.WARN, 'running?'),
    (replace(CAMERA, published_s=1), replace(NOTHING_YET, silent_s=9), Level.OK, 'waiting'),
    (CAMERA, replace(FINE, silent_s=9), Level.STALE, 'silent since 9.0 s'),
    (replace(CAMERA, incompatible=('driver: ERROR',)), FINE, Level.ERROR, 'driver: ERROR'),
    (replace(CAMERA, ranging='no camera_info'), FINE, Level.ERROR, 'no camera_info'),
    (CAMERA, counting(undecodable={'jpeg': 8}), Level.ERROR, "'jpeg': 8"),
    (CAMERA, counting(undecodable={'jpeg': 1}), Level.OK, 'frames per second'),
    (CAMERA, counting(too_old=8), Level.ERROR, 'use_sim_time'),
    (CAMERA, replace(FINE, replaced_share=0.67), Level.WARN, 'overloaded: 67%'),
    (CAMERA, replace(FINE, replaced_share=0.4), Level.OK, 'frames per second'),
])
def test_the_judgement_says_why(camera, numbers, level, words):
    found, message = judge(camera, numbers, image_timeout_s=3.0)
    assert found == level
    assert words in message
