# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Managed transitions take and release everything; lazy, QoS overrides and niceness work."""

import os
import sys
import time

import pytest
from harness import TINY_MODEL, Process, detector_process, wait_until
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from live_node import (
    Ears,
    Feed,
    ask,
    change_state,
    niceness,
    open_files,
    resident_bytes,
    set_parameters,
    state_of,
)
from rclpy.qos import QoSReliabilityPolicy
from vision_msgs.msg import Detection2DArray

CYCLE = ('configure', 'activate', 'deactivate', 'cleanup')
WARM_UP, CYCLES = 15, 100


def on_graph(graph):
    """Return what the node publishes, subscribes and serves."""
    return [
        sorted(list_of('detector', '/')) for list_of in (
            graph.node.get_publisher_names_and_types_by_node,
            graph.node.get_subscriber_names_and_types_by_node,
            graph.node.get_service_names_and_types_by_node,
        )
    ]


def held(pid):
    return len(os.listdir(f'/proc/{pid}/task')), open_files(pid)


def test_a_hundred_lifecycle_cycles_leak_nothing(graph, domain_id):
    # With everything on: depth, ranges and several cameras.
    with detector_process(
        domain_id, '-p', 'autostart:=false', '-p', 'cameras:=[front, rear]',
        '-p', 'camera_height:=0.5', '-p', 'depth_topic:=/depth',
    ) as process:
        for number in range(WARM_UP + CYCLES):
            if number == WARM_UP:
                graph.wait_until(
                    lambda: not graph.node.count_publishers('/detector/front/markers')
                )
                before = (held(process.pid), on_graph(graph))
                memory = resident_bytes(process.pid)
            for name in CYCLE:
                change_state(graph, name)
        wait_until(lambda: (held(process.pid), on_graph(graph)) == before, graph.spin)
        grown = resident_bytes(process.pid) - memory
    assert grown < 2 * 2**20, grown


@pytest.mark.parametrize(('path', 'transition'), [
    ((), Transition.TRANSITION_UNCONFIGURED_SHUTDOWN),
    (('configure',), Transition.TRANSITION_INACTIVE_SHUTDOWN),
    (('configure', 'activate'), Transition.TRANSITION_ACTIVE_SHUTDOWN),
])
def test_shutdown_releases_everything_from_every_state(graph, domain_id, path, transition):
    with detector_process(domain_id, '-p', 'autostart:=false') as process:
        for name in path:
            change_state(graph, name)
        request = ChangeState.Request(transition=Transition(id=transition))
        assert ask(graph, ChangeState, '/detector/change_state', request).success
        assert state_of(graph) == 'finalized'
        graph.wait_for_status(lambda _, values: values.get('state') == 'finalized')
        graph.wait_until(lambda: not graph.node.count_subscribers('/image'))
        graph.wait_until(lambda: not graph.node.count_publishers('/detector/detections'))
        assert process.stop() == 0
        assert 'Traceback' not in process.output


def test_structural_parameters_change_while_the_node_is_not_configured(graph, domain_id):
    with detector_process(domain_id):
        assert not set_parameters(graph, {'num_threads': 1}).successful
        change_state(graph, 'deactivate')
        graph.wait_for_status(
            lambda status, _: status.name == 'detector: camera' and 'inactive' in status.message
        )
        change_state(graph, 'cleanup')
        assert set_parameters(graph, {'num_threads': 1, 'image_topic': '/other'}).successful
        change_state(graph, 'configure')
        change_state(graph, 'activate')
        Feed(graph, '/other').publish()
        graph.wait_for_answers(1)
        graph.wait_for_status(lambda _, values: values.get('threads') == '1')


def test_a_lazy_node_subscribes_images_only_while_somebody_wants_an_output(graph, domain_id):
    # A name for the camera: the test's graph listens to the outputs of the one without.
    with detector_process(domain_id, '-p', 'lazy:=true', '-p', 'cameras:=[front]'):
        graph.wait_for_status(
            lambda status, _: status.name == 'detector: front' and '(lazy)' in status.message
        )
        inputs = ('/front/image', '/front/camera_info')
        assert not any(graph.node.count_subscribers(topic) for topic in inputs)
        for _ in range(2):
            ears = Ears(graph, Detection2DArray, '/detector/front/detections')
            graph.wait_until(lambda: graph.node.count_publishers('/detector/front/detections'))
            start = time.monotonic()
            graph.wait_until(lambda: graph.node.count_subscribers('/front/image'))
            assert time.monotonic() - start < 1
            feed = Feed(graph, '/front/image', 'detector: front')
            feed.publish()
            ears.wait_for(1)
            feed.close()
            ears.close()
            graph.wait_until(
                lambda: not any(graph.node.count_subscribers(topic) for topic in inputs)
            )


def test_qos_of_publishers_and_subscriptions_can_be_overridden(graph, domain_id):
    overrides = ('/image.subscription.reliability:=reliable',
                 '/image.subscription.depth:=3',
                 '/detector/detections.publisher.reliability:=best_effort')
    arguments = [item for text in overrides for item in ('-p', f'qos_overrides.{text}')]
    with detector_process(domain_id, *arguments):
        graph.wait_until(lambda: graph.node.count_subscribers('/image'))
        (image,) = graph.node.get_subscriptions_info_by_topic('/image')
        (detections,) = graph.node.get_publishers_info_by_topic('/detector/detections')
    assert image.qos_profile.reliability == QoSReliabilityPolicy.RELIABLE
    assert detections.qos_profile.reliability == QoSReliabilityPolicy.BEST_EFFORT


def test_the_threads_that_compute_are_as_nice_as_asked(graph, domain_id):
    with detector_process(
        domain_id, '-p', 'autostart:=false', '-p', 'nice:=7',
        '-p', 'model:=nanodet_g_416_wi8_ai8',
    ) as process:
        assert state_of(graph) == 'unconfigured'
        before = niceness(process.pid)
        assert set(before.values()) == {0}
        change_state(graph, 'configure')
        change_state(graph, 'activate')
        Feed(graph).publish()
        graph.wait_for_answers(1)
        after = niceness(process.pid)
    started = {nice for thread, nice in after.items() if thread not in before}
    assert started == {7}
    assert after[process.pid] == 7
    assert len(after) > len(before)


def test_a_node_that_was_started_nice_stays_nice(graph, domain_id):
    process = Process(
        ['nice', '-n', '5', sys.executable, '-m', 'compressed_detector.cli.detector_node',
         '--ros-args', '-p', f'model:={TINY_MODEL}'], {'ROS_DOMAIN_ID': str(domain_id)},
    )
    try:
        graph.wait_for_status(lambda _, values: values.get('state') == 'active')
        assert set(niceness(process.pid).values()) == {5}
    finally:
        process.stop()
