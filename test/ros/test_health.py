# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Counts, rates, latencies and ages of one camera."""

import pytest

from compressed_detector.ros.health import Health


class ManualClock:
    now = 100.0

    def __call__(self):
        return self.now


def test_rates_latencies_and_ages_come_from_the_frames():
    clock = ManualClock()
    health = Health(clock)
    for _ in range(20):
        clock.now += 0.1
        health.count_received()
        health.count_processed(
            received_s=clock.now - 0.025, inference_s=0.02, age_s=0.06, unranged=2)
    numbers = health.snapshot()
    assert numbers.counts.received == numbers.counts.processed == 20
    assert numbers.fps == pytest.approx(10.0)
    assert numbers.latency.p50_ms == pytest.approx(25.0)
    assert numbers.inference.p50_ms == pytest.approx(20.0)
    assert numbers.age.p99_ms == pytest.approx(60.0)
    assert numbers.unranged == 2


def test_the_rate_forgets_what_is_long_ago():
    clock = ManualClock()
    health = Health(clock)
    health.count_processed(clock.now, 0.05, 0.1, 0)
    clock.now += 60
    numbers = health.snapshot()
    assert numbers.fps == 0
    assert numbers.silent_s == pytest.approx(60)


def test_each_fate_of_a_frame_has_its_own_count():
    health = Health(ManualClock())
    health.count_replaced()
    health.count_skipped()
    health.count_too_old()
    health.count_undecodable('jpeg')
    health.count_undecodable('jpeg')
    health.count_lost(3)
    counts = health.snapshot().counts
    assert (counts.replaced, counts.skipped, counts.too_old, counts.lost) == (1, 1, 1, 3)
    assert counts.undecodable == {'jpeg': 2}


def test_the_share_of_replaced_frames_is_of_those_that_arrived_lately():
    clock = ManualClock()
    health = Health(clock)
    for number in range(40):
        clock.now += 1.0
        health.count_received()
        if number >= 37:
            health.count_replaced()
    # Six frames arrived within the last five seconds, both ends included.
    assert health.snapshot().replaced_share == pytest.approx(3 / 6)


def test_nothing_counted_is_all_zeros():
    numbers = Health(ManualClock()).snapshot()
    assert (numbers.counts.received, numbers.counts.processed, numbers.fps) == (0, 0, 0)
    assert (numbers.latency.p50_ms, numbers.age.p99_ms) == (0, 0)
