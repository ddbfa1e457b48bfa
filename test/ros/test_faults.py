# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What breaks on robots, done to the real processes, and how the detector comes out of it."""

import contextlib
import signal

from camera_driver import camera_process
from harness import detector_process, image_message, level_of, picture, values_of
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
            camera.publish(image_message(picture(), 1))
            graph.wait_for_answers(2)  # both go on
        wait_for_model(Level.OK, 'active, tiny_gfl')
