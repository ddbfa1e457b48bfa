# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What breaks on robots, done to the real processes, and how the detector comes out of it."""

import collections
import contextlib
import itertools
import signal
import socket
import sys

import pytest
from camera_driver import camera_process
from harness import (
    ROOT,
    Process,
    detector_process,
    free_port,
    image_message,
    level_of,
    picture,
    values_of,
)
from rclpy.utilities import get_rmw_implementation_identifier
from rosgraph_msgs.msg import Clock

from compressed_detector.ros.judgement import Level


@contextlib.contextmanager
def camera_running(domain_id, **environment):
    process = camera_process(domain_id, **environment)
    try:
        yield process
    finally:
        process.stop()


def wait_for_more_answers(graph):
    graph.wait_for_answers(len(graph.answers) + 3)


def wait_for_camera(graph, level, words):
    """Wait until the next diagnostics report this level of the camera, in such words."""
    return graph.wait_for_status(
        lambda status, _: status.name == 'detector: camera' and level_of(status) == level
        and words in status.message
    )


def test_killed_node_that_is_started_again_answers_the_same_camera(graph, domain_id):
    with camera_running(domain_id):
        with detector_process(domain_id) as detector:
            wait_for_more_answers(graph)
            assert detector.stop(signal.SIGKILL) == -signal.SIGKILL
        with detector_process(domain_id):
            wait_for_more_answers(graph)
            wait_for_camera(graph, Level.OK, 'detecting at')


def test_killed_camera_is_stale_and_is_heard_again_when_it_comes_back(graph, domain_id):
    with detector_process(domain_id, '-p', 'image_timeout:=0.6') as detector:
        # Nobody has published for longer than discovery takes: the camera comes late.
        wait_for_camera(graph, Level.WARN, 'nobody publishes /image')
        with camera_running(domain_id) as camera:
            wait_for_more_answers(graph)
            wait_for_camera(graph, Level.OK, 'detecting at')
            camera.stop(signal.SIGKILL)
        status = wait_for_camera(graph, Level.STALE, '/image is silent since')
        assert float(values_of(status)['silent for (s)']) > 0.6
        detector.wait_for_output('/image is silent since')
        answered = len(graph.answers)
        with camera_running(domain_id):
            wait_for_more_answers(graph)
            wait_for_camera(graph, Level.OK, 'detecting at')
        assert len(graph.answers) > answered


def test_clock_that_jumps_drops_what_is_old_then_and_answers_what_is_new(graph, domain_id):
    clock = graph.node.create_publisher(Clock, '/clock', 10)

    def show(now_s, stamp_s):
        now = Clock()
        now.clock.sec = now_s
        clock.publish(now)
        graph.wait_for_status(lambda status, _: True)  # so that the clock is there first
        camera.publish(image_message(picture(), stamp_s))

    def too_old():
        return graph.wait_for_status(
            lambda _, values: values.get('frames older than max_age') == '1'
        )

    with detector_process(
        domain_id, '-p', 'use_sim_time:=true', '-p', 'max_age:=1.0', '-p', 'tracking:=true',
        '-p', 'track_confirm_frames:=1',
    ):
        camera = graph.camera()
        graph.wait_until(clock.get_subscription_count)
        show(100, 100)
        graph.wait_for_answers(1)
        show(5000, 100)  # forward: this picture is of before the jump
        too_old()
        show(5000, 5000)
        graph.wait_for_answers(2)
        show(10, 10)  # back, as when a bag begins again
        graph.wait_for_answers(3)
        show(11, 11)
        graph.wait_for_answers(4)
        status = graph.wait_for_status(lambda _, values: values.get('frames processed') == '4')
    assert [answer.header.stamp.sec for answer in graph.answers] == [100, 5000, 10, 11]
    assert all(len(answer.detections) == 1 for answer in graph.answers)
    assert values_of(status)['frames older than max_age'] == '1'


def test_second_node_of_the_same_name_is_reported_by_both_and_forgotten_when_it_ends(
    graph, domain_id
):
    def wait_for_model(level, words):
        graph.wait_for_status(
            lambda status, _: status.name == 'detector: model' and level_of(status) == level
            and words in status.message
        )

    with detector_process(domain_id) as first:
        wait_for_model(Level.OK, 'active, tiny_gfl')
        with detector_process(domain_id) as second:
            wait_for_model(Level.WARN, '2 nodes are named /detector')
            for process in (first, second):
                process.wait_for_output('2 nodes are named /detector: .* Rename one with')
            camera = graph.camera()
            stamps = itertools.count(1)

            def both_answer():
                camera.publish(image_message(picture(), next(stamps)))
                graph.spin()
                answered = collections.Counter(a.header.stamp.sec for a in graph.answers)
                return 2 in answered.values()

            graph.wait_until(both_answer)
        wait_for_model(Level.OK, 'active, tiny_gfl')


SERVER = """<?xml version="1.0" encoding="UTF-8" ?>
<dds><profiles xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles">
<participant profile_name="server" is_default_profile="true"><rtps>
<prefix>44.53.00.5f.45.50.52.4f.53.49.4d.41</prefix>
<builtin>
<discovery_config><discoveryProtocol>SERVER</discoveryProtocol></discovery_config>
<metatrafficUnicastLocatorList><locator><udpv4>
<address>127.0.0.1</address><port>{port}</port>
</udpv4></locator></metatrafficUnicastLocatorList>
</builtin></rtps></participant></profiles></dds>
"""
OBSERVE = """
from harness import Graph, level_of
graph = Graph({domain_id})
graph.wait_for_answers(3)
print('answered', flush=True)
graph.wait_for_status(lambda status, _: 'detecting at' in status.message and not level_of(status))
print('and well', flush=True)
graph.close()
"""
SERVE = """
import contextlib, rclpy
from rclpy.executors import ExternalShutdownException
rclpy.init()
with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
    rclpy.spin(rclpy.create_node('discovery_server'))
"""


@contextlib.contextmanager
def discovery_server(domain_id, port, profile):
    """Run what `fastdds discovery` runs: a participant that tells the others of each other."""
    profile.write_text(SERVER.format(port=port))
    process = Process([sys.executable, '-c', SERVE], {
        'ROS_DOMAIN_ID': str(domain_id), 'ROS_DISCOVERY_SERVER': '',
        'FASTDDS_DEFAULT_PROFILES_FILE': str(profile),
        'FASTRTPS_DEFAULT_PROFILES_FILE': str(profile),
    })
    try:
        yield
    finally:
        process.stop()


@pytest.mark.skipif(not get_rmw_implementation_identifier().startswith('rmw_fastrtps'),
                    reason='discovery servers are a part of Fast DDS')
def test_discovery_that_starts_late_is_waited_for(domain_id, tmp_path):
    port = free_port(socket.SOCK_DGRAM)
    # All in processes of their own: Fast DDS keeps what it once read of this variable.
    client = {'ROS_DISCOVERY_SERVER': f'127.0.0.1:{port}'}
    code = OBSERVE.format(domain_id=domain_id)
    observer = Process([sys.executable, '-c', code], {'PYTHONPATH': str(ROOT / 'test'), **client})
    try:
        with (
            detector_process(domain_id, '-p', 'image_timeout:=1.0', **client) as detector,
            camera_running(domain_id, **client),
        ):
            detector.wait_for_output('nobody publishes /image')
            assert 'answered' not in observer.output
            with discovery_server(domain_id, port, tmp_path / 'server.xml'):
                observer.wait_for_output('(?s)answered.*and well')
                assert observer.wait() == 0
    finally:
        observer.stop()
