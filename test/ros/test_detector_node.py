# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The detector node as a real process over real DDS."""

import re
import signal
import time

import cv2
import pytest
from harness import (
    TINY_MODEL,
    compressed_message,
    detector_process,
    image_message,
    level_of,
    picture,
    values_of,
)
from live_node import change_state, set_parameters
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from compressed_detector.ros.judgement import Level


def test_every_image_is_answered_with_its_own_header(graph, domain_id):
    with detector_process(domain_id):
        camera = graph.camera()
        for seconds in (1, 2, 3):
            camera.publish(image_message(picture(), seconds))
            graph.wait_for_answers(seconds)
    assert [answer.header.stamp.sec for answer in graph.answers] == [1, 2, 3]
    for answer in graph.answers:
        (detection,) = answer.detections
        assert detection.header == answer.header
        assert answer.header.frame_id == 'camera'
        assert detection.results[0].hypothesis.class_id == 'first_channel'
        box = detection.bbox
        assert (box.center.position.x, box.center.position.y) == pytest.approx((12, 20), abs=0.01)
        assert (box.size_x, box.size_y) == pytest.approx((8, 8), abs=0.01)


def test_an_image_without_objects_is_answered_too(graph, domain_id):
    with detector_process(domain_id):
        graph.camera().publish(image_message(0 * picture(), 7))
        (answer,) = graph.wait_for_answers(1)
    assert answer.header.stamp.sec == 7
    assert not answer.detections


def test_compressed_images_arrive_on_the_topic_that_image_transport_derives(graph, domain_id):
    with detector_process(domain_id, '-p', 'image_transport:=compressed', '-r', 'image:=/cam/rgb'):
        encoded = cv2.imencode('.png', picture())[1].tobytes()
        graph.camera(CompressedImage, '/cam/rgb/compressed').publish(compressed_message(encoded))
        (answer,) = graph.wait_for_answers(1)
    assert len(answer.detections) == 1


def test_bad_images_are_counted_by_reason_and_the_next_good_one_is_answered(graph, domain_id):
    wrong_step, short, unknown = (image_message(picture(), 1) for _ in range(3))
    wrong_step.step = 5
    short.height = 1000
    unknown.encoding = 'klingon8'
    with detector_process(domain_id) as process:
        camera = graph.camera()
        for count, bad in enumerate((wrong_step, short, unknown), start=1):
            camera.publish(bad)
            graph.wait_for_status(
                lambda _, values, count=count: values.get('frames undecodable') == str(count)
            )
        camera.publish(image_message(picture(), 2))
        graph.wait_for_answers(1)
        process.wait_for_output('dropped an image: expected')
        status = graph.wait_for_status(lambda _, values: values.get('frames processed') == '1')
    values = values_of(status)
    assert [values[f'undecodable: {reason}'] for reason in ('step', 'length', 'encoding')] == [
        '1', '1', '1'
    ]


def test_a_truncated_jpeg_is_refused_rather_than_seen_as_an_empty_road(graph, domain_id):
    whole = cv2.imencode('.jpg', picture())[1].tobytes()
    with detector_process(domain_id, '-p', 'image_transport:=compressed'):
        camera = graph.camera(CompressedImage, '/image/compressed')
        camera.publish(compressed_message(whole[:len(whole) // 2], 1))
        graph.wait_for_status(lambda _, values: values.get('undecodable: jpeg') == '1')
        camera.publish(compressed_message(whole, 2))
        (answer,) = graph.wait_for_answers(1)
    assert answer.header.stamp.sec == 2


@pytest.mark.parametrize(('model', 'words'), [
    ('no_such_model', 'expected the path of a manifest or one of'),
    ('{folder}/missing.json', 'which is not a readable file of that kind'),
    ('{folder}/damaged.json', 'expected sha256'),
])
def test_a_model_that_cannot_be_used_is_an_error_in_log_and_diagnostics(
    graph, domain_id, tmp_path, model, words
):
    (tmp_path / 'damaged.json').write_text(TINY_MODEL.read_text())
    (tmp_path / 'tiny_gfl.tflite').write_bytes(
        TINY_MODEL.with_suffix('.tflite').read_bytes() + b'\0'
    )
    with detector_process(domain_id, '-p', f'model:={model.format(folder=tmp_path)}') as process:
        status = graph.wait_for_status(lambda status, _: level_of(status) == Level.ERROR)
        process.wait_for_output('cannot load the model')
        assert process.running()
    assert words in status.message
    assert values_of(status)['state'] == 'unconfigured'


@pytest.mark.parametrize(('argument', 'words'), [
    ('num_threads:=0', 'num_threads: expected int from 1 to 64'),
    ('score_threshold:=1.5', 'score_threshold: expected float from 0.01 to 1.0'),
    ('image_transport:=theora', 'image_transport: expected one of raw, compressed'),
    ('image_timeout:=3', 'write a decimal point'),
])
def test_a_bad_parameter_ends_the_start_with_a_reason(domain_id, argument, words):
    with detector_process(domain_id, '-p', argument) as process:
        assert process.wait() == 2
    assert words in process.output
    assert 'Traceback' not in process.output


def test_a_misspelt_parameter_is_named_with_the_one_that_was_meant(domain_id):
    with detector_process(domain_id, '-p', 'score_treshold:=0.5') as process:
        process.wait_for_output(r"'score_treshold'; did you mean 'score_threshold'\?")


def test_live_parameters_change_between_frames_and_bad_sets_change_nothing(graph, domain_id):
    with detector_process(domain_id):
        camera = graph.camera()
        # The square scores sigmoid(200 / 16 - 8) = 0.989.
        refused = set_parameters(graph, {'score_threshold': 0.995, 'max_detections': 0})
        assert not refused.successful
        structural = set_parameters(graph, {'num_threads': 1})
        assert not structural.successful
        assert 'restart it' in structural.reason
        camera.publish(image_message(picture(), 1))
        assert len(graph.wait_for_answers(1)[0].detections) == 1
        assert set_parameters(graph, {'score_threshold': 0.995}).successful
        camera.publish(image_message(picture(), 2))
        assert len(graph.wait_for_answers(2)[1].detections) == 0


def test_a_lifecycle_manager_can_drive_the_node(graph, domain_id):
    with detector_process(domain_id, '-p', 'autostart:=false'):
        assert change_state(graph, 'configure') == 'inactive'
        assert not graph.node.count_subscribers('/image')
        for seconds in (1, 2):
            assert change_state(graph, 'activate') == 'active'
            camera = graph.camera()
            camera.publish(image_message(picture(), seconds))
            graph.wait_for_answers(seconds)
            graph.node.destroy_publisher(camera)
            assert change_state(graph, 'deactivate') == 'inactive'
            assert change_state(graph, 'cleanup') == 'unconfigured'
            assert change_state(graph, 'configure') == 'inactive'


def test_a_node_that_waits_says_how_to_configure_it_and_which_of_its_name_it_is(
    graph, domain_id
):
    with detector_process(
        domain_id, '-p', 'autostart:=false', '-r', '__ns:=/front',
    ) as process:
        process.wait_for_output('ros2 lifecycle set /front/detector configure')
        graph.wait_for_status(lambda status, _: status.name == 'front/detector: model')


def test_the_debug_image_shows_the_detections_while_somebody_looks(graph, domain_id):
    pictures = []
    with detector_process(domain_id):
        camera = graph.camera()
        camera.publish(image_message(picture(), 1))
        graph.wait_for_answers(1)
        graph.node.create_subscription(Image, '/detector/debug_image', pictures.append, 1)
        graph.wait_until(lambda: graph.node.count_publishers('/detector/debug_image'))
        seconds = iter(range(2, 1000))

        def publish_and_spin():
            camera.publish(image_message(picture(), next(seconds)))
            graph.spin()
            return pictures

        graph.wait_until(publish_and_spin)
    assert (pictures[0].encoding, pictures[0].width, pictures[0].height) == ('bgr8', 64, 64)
    assert bytes(pictures[0].data) != picture().tobytes()


def test_a_newer_frame_replaces_one_that_waits_and_none_goes_uncounted(graph, domain_id):
    with detector_process(domain_id, '-p', 'model:=nanodet_g_416_wi8_ai8'):
        camera = graph.camera()
        for seconds in range(1, 41):
            camera.publish(image_message(picture(), seconds))
            time.sleep(0.002)
        status = graph.wait_for_status(
            lambda _, values: int(values.get('frames processed', 0)) > 0
            and int(values['frames received']) == int(values['frames processed'])
            + int(values['frames replaced by newer'])
        )
        counts = values_of(status)
        graph.wait_for_answers(int(counts['frames processed']))
    assert int(counts['frames replaced by newer']) > 0
    assert len(graph.answers) == int(counts['frames processed'])
    assert graph.answers[-1].header.stamp.sec == 40


def test_a_camera_that_publishes_nothing_is_reported_with_the_remedy(graph, domain_id):
    with detector_process(domain_id, '-p', 'image_timeout:=0.5') as process:
        status = graph.wait_for_status(lambda status, _: 'nobody publishes' in status.message)
        assert level_of(status) == Level.WARN
        graph.camera()
        status = graph.wait_for_status(lambda status, _: 'nothing has arrived' in status.message)
        assert level_of(status) == Level.WARN
        process.wait_for_output('fastdds_large_images.xml')


def test_incompatible_qos_is_reported_with_the_publisher(graph, domain_id):
    override = 'qos_overrides./image.subscription.reliability:=reliable'
    with detector_process(domain_id, '-p', override):
        best_effort = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        graph.node.create_publisher(Image, '/image', best_effort)
        status = graph.wait_for_status(lambda status, _: 'incompatible QoS' in status.message)
    assert level_of(status) == Level.ERROR
    assert 'test' in status.message


@pytest.mark.parametrize('signal_number', [signal.SIGINT, signal.SIGTERM])
def test_signals_end_the_node_before_launch_would_kill_it_without_a_traceback(
    graph, domain_id, signal_number
):
    with detector_process(domain_id, '-p', 'model:=nanodet_g_416_wi8_ai8') as process:
        camera = graph.camera()
        camera.publish(image_message(picture(), 1))
        graph.wait_for_answers(1)
        for seconds in range(2, 12):
            camera.publish(image_message(picture(), seconds))
        # `ros2 launch` waits five seconds between its signals.
        assert process.stop(signal_number, timeout_s=5.0) == 0
    assert not re.search('Traceback|Error|terminate', process.output)
