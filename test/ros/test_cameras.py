# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Several cameras share one model: each has its topics, its turn and its own troubles."""

import time

import pytest
from harness import detector_process, level_of, values_of
from live_node import (
    Ears,
    Feed,
    counts_of,
    feeding,
    parameter_file,
    processing_s,
    run_for,
    set_parameters,
    settled,
)
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray

from compressed_detector.ros.judgement import Level

NAMES = ('front', 'left', 'rear')
OVERLOADED = {'model': 'nanodet_g_416_wi8_ai8', 'num_threads': 1}
TINY = {'cameras': list(NAMES)}


def cameras(**settings):
    return {'cameras': list(NAMES), **OVERLOADED, **settings}


def feed(graph, name, topic=None):
    return Feed(graph, topic or f'/{name}/image', f'detector: {name}')


def hear(graph):
    return {
        name: Ears(graph, Detection2DArray, f'/detector/{name}/detections') for name in NAMES
    }


def turns(graph, ears, feeds, seconds, rate_hz):
    """Return how many answers each camera got once all were under way."""
    with feeding(graph, *((feeds[name], rate_hz) for name in NAMES)):
        run_for(graph, 1.0)
        for name in NAMES:
            ears[name].forget()
        run_for(graph, seconds)
        return {name: len(ears[name].messages) for name in NAMES}


def test_three_cameras_share_an_overloaded_cpu_fairly_and_by_priority(
    graph, domain_id, tmp_path
):
    ears = hear(graph)
    with detector_process(domain_id, *parameter_file(tmp_path, cameras())):
        feeds = {name: feed(graph, name) for name in NAMES}
        # Each camera alone would keep the processor busy, which takes two thirds of the time for a
        # frame when there is always another.
        rate_hz = 1.5 / processing_s(graph, feeds['front'], ears['front'])
        fair = turns(graph, ears, feeds, 5.0, rate_hz)
        assert set_parameters(graph, {'front.priority': 2}).successful
        ranked = turns(graph, ears, feeds, 5.0, rate_hz)
        for name in NAMES:
            counts = counts_of(
                graph, f'detector: {name}',
                lambda counts, name=name: settled(counts)
                and counts['received'] + counts['lost in transport'] == feeds[name].sent,
            )
            assert counts['replaced by newer'] > 0, name
    share = sum(fair.values()) / 3
    # What one turn more or less does is no unfairness.
    assert fair == {name: pytest.approx(share, rel=0.1, abs=1.01) for name in NAMES}
    quarter = sum(ranked.values()) / 4
    assert ranked == {
        'front': pytest.approx(2 * quarter, rel=0.1, abs=1.01),
        'left': pytest.approx(quarter, rel=0.1, abs=1.01),
        'rear': pytest.approx(quarter, rel=0.1, abs=1.01),
    }


def test_every_camera_has_its_own_topics_and_settings(graph, domain_id, tmp_path):
    parameters = {
        **TINY, 'image_timeout': 1.0,
        'front': {'image_topic': '/front_camera/image_raw', 'max_rate': 5.0},
        'left': {'image_timeout': 0.5},
    }
    ears = hear(graph)
    with detector_process(domain_id, *parameter_file(tmp_path, parameters)):
        front = feed(graph, 'front', '/front_camera/image_raw')
        left, rear = feed(graph, 'left'), feed(graph, 'rear')
        with feeding(graph, (front, 20.0), (left, 20.0), (rear, 20.0)):
            ears['front'].wait_for(15)
            arrivals_s = ears['front'].arrivals_s[:15]
            answered = {name: len(ears[name].messages) for name in NAMES}
        # Fourteen periods of max_rate; without it, or with the other cameras' frames, far less.
        assert arrivals_s[-1] - arrivals_s[0] > 14 / 5 - 0.5
        assert min(answered['left'], answered['rear']) > 2 * answered['front']
        # Left falls silent, the others go on.
        with feeding(graph, (front, 20.0), (rear, 20.0)):
            status = graph.wait_for_status(
                lambda status, _: status.name == 'detector: left' and 'silent' in status.message
            )
            assert level_of(status) == Level.STALE
            for name in ('front', 'rear'):
                status = graph.wait_for_status(
                    lambda status, _, name=name: status.name == f'detector: {name}'
                )
                assert level_of(status) == Level.OK
        names = {status.name for status in graph.statuses}
        skipped = {name: counts_of(graph, f'detector: {name}', settled)['skipped by max_rate']
                   for name in NAMES}
        front.publish()
        (answer,) = ears['front'].messages[-1].detections
    assert names == {'detector: model', *(f'detector: {name}' for name in NAMES)}
    assert skipped['front'] > answered['front']
    assert skipped['left'] == skipped['rear'] == 0
    assert answer.results[0].hypothesis.class_id == 'first_channel'


def test_bad_images_of_one_camera_do_not_disturb_the_others(graph, domain_id, tmp_path):
    ears = hear(graph)
    with detector_process(domain_id, *parameter_file(tmp_path, TINY)) as process:
        feeds = {name: feed(graph, name) for name in NAMES}
        feeds['left'].message.encoding = 'klingon8'
        feeds['rear'].message = Image(height=10**6, width=10**6, step=3, encoding='bgr8')
        with feeding(graph, *((feeds[name], 30.0) for name in NAMES)):
            front = graph.wait_for_status(
                lambda status, values: status.name == 'detector: front'
                and int(values['frames processed']) > 30
            )
            for name in ('left', 'rear'):
                status = graph.wait_for_status(
                    lambda status, values, name=name: status.name == f'detector: {name}'
                )
                assert level_of(status) == Level.ERROR
                assert int(values_of(status)['frames undecodable']) > 10
        # Neither camera's complaint keeps the other's out of the log.
        process.wait_for_output(r'detector\.left\]: dropped an image: .*klingon8')
        process.wait_for_output(r'detector\.rear\]: dropped an image')
        process.wait_for_output(r'detector: left: most images cannot be decoded')
        process.wait_for_output(r'detector: rear: most images cannot be decoded')
    assert level_of(front) == Level.OK
    assert not ears['left'].messages
    assert not ears['rear'].messages
    latencies = [float(values_of(front)[f'latency {p} (ms)']) for p in ('p50', 'p99')]
    assert latencies[0] < 20


def test_a_camera_of_the_lowest_priority_still_gets_its_turn(graph, domain_id, tmp_path):
    ears = hear(graph)
    parameters = cameras(front={'priority': 20}, left={'priority': 20})
    with detector_process(domain_id, *parameter_file(tmp_path, parameters)):
        feeds = {name: feed(graph, name) for name in NAMES}
        rate_hz = 1.5 / processing_s(graph, feeds['front'], ears['front'])
        start = time.monotonic()
        with feeding(graph, *((feeds[name], rate_hz) for name in NAMES)):
            ears['rear'].wait_for(2)
    assert time.monotonic() - start < 10
    assert len(ears['front'].messages) > len(ears['rear'].messages)
