# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Counts, rates and latencies, and what is concluded from them."""

from dataclasses import replace

import pytest

from compressed_detector.ros.health import Camera, Health, Level, Snapshot, judge

FINE = Snapshot(
    received=10, processed=10, replaced=0, lost_in_transport=0, undecodable={}, fps=10.0,
    latency_p50_ms=20.0, latency_p99_ms=30.0, silent_s=0.1,
)
CAMERA = Camera('/image', publishers=1, published_s=60.0, compressed=False)


class ManualClock:
    now = 100.0

    def __call__(self):
        return self.now


def test_rates_and_latencies_come_from_receipt_to_publication():
    clock = ManualClock()
    health = Health(clock)
    for _ in range(20):
        clock.now += 0.1
        health.count_received()
        health.count_processed(received_s=clock.now - 0.025)
    numbers = health.snapshot()
    assert numbers.received == numbers.processed == 20
    assert numbers.fps == pytest.approx(10.0)
    assert numbers.latency_p50_ms == pytest.approx(25.0)


def test_the_rate_forgets_what_is_long_ago():
    clock = ManualClock()
    health = Health(clock)
    health.count_processed(clock.now)
    clock.now += 60
    numbers = health.snapshot()
    assert numbers.fps == 0
    assert numbers.silent_s == pytest.approx(60)


def test_nothing_counted_is_all_zeros():
    numbers = Health(ManualClock()).snapshot()
    assert (numbers.received, numbers.processed, numbers.fps) == (0, 0, 0)
    assert (numbers.latency_p50_ms, numbers.latency_p99_ms) == (0, 0)


@pytest.mark.parametrize(('camera', 'numbers', 'level', 'words'), [
    (CAMERA, FINE, Level.OK, '10.0 frames per second'),
    (CAMERA, replace(FINE, received=0, processed=0), Level.OK, 'waiting for images on /image'),
    (replace(CAMERA, publishers=0), replace(FINE, silent_s=9), Level.WARN, 'nobody publishes'),
    (CAMERA, replace(FINE, silent_s=9), Level.WARN, 'fastdds_large_images.xml'),
    (replace(CAMERA, compressed=True), replace(FINE, silent_s=9), Level.WARN, 'running?'),
    (replace(CAMERA, published_s=1), replace(FINE, silent_s=9), Level.OK, 'frames per second'),
    (replace(CAMERA, incompatible=('driver: ERROR',)), FINE, Level.ERROR, 'driver: ERROR'),
    (CAMERA, replace(FINE, undecodable={'jpeg': 11}), Level.ERROR, "'jpeg': 11"),
    (CAMERA, replace(FINE, undecodable={'jpeg': 1}), Level.OK, 'frames per second'),
])
def test_the_judgement_says_why(camera, numbers, level, words):
    found, message = judge(camera, numbers, image_timeout_s=3.0)
    assert found == level
    assert words in message
