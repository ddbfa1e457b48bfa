# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Fresh or nothing: ages, stamps, clocks that jump, and more frames than the CPU can serve."""

import time

import numpy as np
import pytest
from harness import detector_process, image_message, level_of, values_of, wait_until
from live_node import (
    Ears,
    Feed,
    counts_of,
    feeding,
    processing_s,
    run_for,
    set_parameters,
    settled,
)
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from vision_msgs.msg import Detection2DArray

from compressed_detector.ros.judgement import Level

CAMERA = 'detector: camera'
NANODET = ('-p', 'model:=nanodet_g_416_wi8_ai8', '-p', 'num_threads:=1')


def test_frames_that_come_in_a_burst_are_all_counted_and_the_newest_is_answered(graph, domain_id):
    with detector_process(domain_id):
        feed = Feed(graph)
        for _ in range(20):
            for _ in range(8):
                feed.publish()
            newest = feed.message.header.stamp
            graph.wait_until(
                lambda newest=newest: graph.answers and graph.answers[-1].header.stamp == newest
            )
        counts = counts_of(graph, CAMERA, lambda counts: counts['received'] == feed.sent)
    assert settled(counts)
    assert counts['processed'] == len(graph.answers)


def test_frames_that_the_network_loses_are_counted_as_lost(graph, domain_id):
    # Without config/fastdds_large_images.xml these are larger than the sender's shared memory.
    image = np.zeros((480, 640, 3), np.uint8)
    with detector_process(domain_id):
        feed = Feed(graph)
        small = feed.message
        feed.publish()
        graph.wait_for_answers(1)
        feed.message = image_message(image)
        for _ in range(10):
            feed.publish()
        feed.message = small
        # A loss shows when something arrives afterwards.
        feed.publish()
        counts = counts_of(
            graph, CAMERA, lambda counts: counts['received'] + counts['lost in transport']
            == feed.sent
        )
    assert settled(counts)
    assert counts['lost in transport'] > 0


def test_images_older_than_max_age_are_dropped_and_counted(graph, domain_id):
    with detector_process(domain_id, '-p', 'max_age:=0.5') as process:
        feed = Feed(graph)
        feed.publish(time.time() - 2)
        counts_of(graph, CAMERA, lambda counts: counts['older than max_age'] == 1)
        feed.publish()
        graph.wait_for_answers(1)
        assert set_parameters(graph, {'max_age': 0.0}).successful
        feed.publish(1)
        assert graph.wait_for_answers(2)[1].header.stamp.sec == 1
        assert set_parameters(graph, {'max_age': 0.5}).successful
        for _ in range(4):
            feed.publish(1)
            run_for(graph, 0.1)
        status = graph.wait_for_status(lambda status, _: 'older than max_age' in status.message)
        process.wait_for_output('is the clock of the camera right')
    assert level_of(status) == Level.ERROR
    assert len(graph.answers) == 2


def test_ages_in_diagnostics_are_those_that_an_observer_measures(graph, domain_id):
    ears = Ears(graph, Detection2DArray, '/detector/detections')
    with detector_process(domain_id):
        feed = Feed(graph)
        with feeding(graph, (feed, 50.0)):
            ears.wait_for(150)
        counts_of(graph, CAMERA, settled)
        values = values_of([status for status in graph.statuses if status.name == CAMERA][-1])
    p50_ms, p99_ms = np.percentile(np.array(ears.ages_s()) * 1e3, [50, 99])
    assert float(values['age p50 (ms)']) == pytest.approx(p50_ms, abs=3)
    assert float(values['age p99 (ms)']) == pytest.approx(p99_ms, abs=20)


def test_with_three_times_too_many_frames_results_stay_fresh_and_none_is_uncounted(
    graph, domain_id
):
    ears = Ears(graph, Detection2DArray, '/detector/detections')
    with detector_process(domain_id, *NANODET) as process:
        feed = Feed(graph)
        alone_s = processing_s(graph, feed, ears)
        rate_hz = 3 / alone_s
        with feeding(graph, (feed, rate_hz)):
            status = graph.wait_for_status(lambda status, _: 'overloaded' in status.message)
            # What else the machine does spoils one stretch; frames that wait would spoil all.
            spoilt = []
            while (excess := _excess_of_age(graph, ears, rate_hz)) > 1 and len(spoilt) < 9:
                spoilt.append(excess)
        counts = counts_of(
            graph, CAMERA, lambda counts: settled(counts)
            and counts['received'] + counts['lost in transport'] == feed.sent
        )
        process.wait_for_output('overloaded: .* of the images are replaced')
    assert level_of(status) == Level.WARN
    assert counts['replaced by newer'] > counts['processed'] > 0
    assert excess <= 1, spoilt


def test_simulated_time_may_jump_and_ages_stay_sane(graph, domain_id):
    clock = graph.node.create_publisher(Clock, '/clock', QoSProfile(depth=10))

    def set_time(seconds):
        message = Clock()
        message.clock.sec = seconds
        clock.publish(message)

    def answered_at(now):
        count = len(graph.answers)

        def step():
            set_time(now)
            feed.publish(now)
            graph.spin()

        wait_until(lambda: len(graph.answers) > count, step)

    with detector_process(domain_id, '-p', 'use_sim_time:=true') as process:
        graph.wait_until(clock.get_subscription_count)
        feed = Feed(graph)
        ages = []
        for now in (1000, 1001, 10, 11, 5000):
            answered_at(now)
            status = graph.wait_for_status(lambda status, _: status.name == CAMERA)
            ages.append(float(values_of(status)['age p99 (ms)']))
        assert process.running()
    assert graph.answers[-1].header.stamp.sec == 5000
    # Every image bears the time of the clock: whatever is not about zero mixes two times.
    assert ages == pytest.approx([0] * 5, abs=50)



def _excess_of_age(graph, ears, rate_hz):
    """Return the ages of the answers of the next two seconds relative to what they may be."""
    ears.forget()
    run_for(graph, 2)
    # Between two answers lies the processing of one frame: another is always waiting.
    processing_s = float(np.median(np.diff(ears.arrivals_s)))
    return np.percentile(ears.ages_s(), 95) / (1.5 * (processing_s + 1 / rate_hz))
