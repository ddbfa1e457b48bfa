# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The launch files with the real executables, under the real `ros2 launch`."""

import importlib.util
import os
import re
import shutil
import signal
import sys

import pytest
from camera_driver import camera_process
from diagnostic_msgs.msg import DiagnosticArray
from harness import (
    ROOT,
    TINY_MODEL,
    Process,
    image_message,
    level_of,
    picture,
    values_of,
    wait_until,
)
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray

from compressed_detector.bags import BagSource

BAG = ROOT / 'test' / 'data' / 'pedestrians'
CAMERA = ('image_topic:=/camera/image', 'image_transport:=compressed', f'model:={TINY_MODEL}')

if not shutil.which('ros2') or not importlib.util.find_spec('launch_ros'):
    pytest.skip('needs ros2launch and launch_ros of a ROS 2 distribution: no wheels of them exist',
                allow_module_level=True)


@pytest.fixture
def ros2_launch(tmp_path, monkeypatch, domain_id):
    """Return a function that starts a launch file of this checkout with its executables."""
    prefix = tmp_path / 'prefix'
    marker = prefix / 'share/ament_index/resource_index/packages/compressed_detector'
    marker.parent.mkdir(parents=True)
    marker.touch()
    for name in ('detector_node', 'replay_bag', 'record_results'):
        executable = prefix / 'lib' / 'compressed_detector' / name
        executable.parent.mkdir(parents=True, exist_ok=True)
        executable.write_text(
            f'#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n'
            f'from compressed_detector.cli.{name} import main\nsys.exit(main())\n'
        )
        executable.chmod(0o755)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(prefix), prepend=':')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    processes = []

    def start(file, *arguments):
        command = ['ros2', 'launch', str(ROOT / 'launch' / file), *arguments]
        processes.append(Process(command, {}))
        return processes[-1]

    yield start
    for process in processes:
        process.stop()


def stamps_recorded(folder):
    with BagSource(folder) as source:
        detections = source.select(['/detector/detections'])
        return [message.data[4:12] for message in source.messages(detections, 0, 2**62)]


def stamps_played():
    with BagSource(BAG) as source:
        images = source.select(['/camera/image/compressed'])
        return [message.data[4:12] for message in source.messages(images, 0, 2**62)]


def test_replay_records_the_answers_to_a_bag_and_ends_with_it(ros2_launch, tmp_path):
    output = tmp_path / 'results'
    process = ros2_launch(
        'replay.launch.py', f'bag:={BAG}', f'output:={output}', 'rate:=4', *CAMERA
    )
    assert process.wait() == 0
    assert process.output.count('process has finished cleanly') == 3, process.output
    answered, played = stamps_recorded(output), stamps_played()
    assert set(answered) <= set(played)
    assert len(answered) == len(set(answered)) > len(played) / 2
    with BagSource(BAG) as bag, BagSource(output) as results:
        assert bag.first_ns <= results.first_ns <= results.last_ns
        # The clock stands still after the end of the bag, some ticks of 25 ms later at most.
        assert results.last_ns <= bag.last_ns + 10**9
        (*_, last) = results.messages(results.select(['/diagnostics']), 0, 2**62)
    (camera,) = (status for status in deserialize_message(last.data, DiagnosticArray).status
                 if status.name == 'detector: camera')
    assert values_of(camera)['frames processed'] == str(len(answered))


def test_replay_in_a_loop_ends_on_ctrl_c(ros2_launch, graph, tmp_path):
    answers = []
    graph.node.create_subscription(
        Detection2DArray, '/robot/detector/detections', answers.append, 10
    )
    process = ros2_launch(
        'replay.launch.py', f'bag:={BAG}', f'output:={tmp_path / "results"}', 'rate:=20',
        'loop:=true', 'namespace:=robot', *CAMERA
    )
    graph.wait_until(lambda: answers)
    assert process.stop(signal.SIGINT) == 0
    assert 'Traceback' not in process.output
    assert process.output.count('process has finished cleanly') == 3, process.output


@pytest.mark.parametrize(('arguments', 'complaint'), [
    (['bag:=/no/such'], 'error: bag /no/such does not exist'),
    ([f'bag:={BAG}'], 'error: bag .* has no topic /image; it holds .*/camera/image/compressed'),
    ([f'bag:={BAG}', f'output:={BAG}'], 'error: cannot create the bag .*exists already'),
    ([f'bag:={BAG}', 'rate:=0'], 'error: rate: expected a number above 0, got 0'),
])
def test_replay_that_cannot_work_ends_with_a_reason(ros2_launch, tmp_path, arguments, complaint):
    output = [] if any('output' in item for item in arguments) else [f'output:={tmp_path / "out"}']
    process = ros2_launch(
        'replay.launch.py', f'model:={TINY_MODEL}', *arguments, *output
    )
    process.wait()
    assert re.search(complaint, process.output), process.output
    assert 'Traceback' not in process.output


def test_replay_without_a_bag_says_which_argument_is_missing(ros2_launch):
    process = ros2_launch('replay.launch.py')
    assert process.wait() == 1
    assert "'bag'" in process.output


def test_killed_node_is_started_again_by_launch_and_answers_the_same_camera(
    ros2_launch, graph, domain_id
):
    process = ros2_launch('detector.launch.py', f'model:={TINY_MODEL}', 'use_respawn:=true')

    def pids():
        return re.findall(r'detector_node-1\]: process started with pid \[(\d+)\]', process.output)

    camera = camera_process(domain_id)
    try:
        graph.wait_for_answers(3)
        os.kill(int(pids()[0]), signal.SIGKILL)
        wait_until(lambda: len(pids()) == 2)
        # What came from the first is through: it cannot publish any more.
        answered = len(graph.answers)
        graph.wait_for_answers(answered + 10)
        graph.wait_for_status(
            lambda status, _: status.name == 'detector: camera' and level_of(status) == 0
        )
    finally:
        camera.stop()


def test_several_cameras_share_the_model_and_answer_on_topics_of_their_own(ros2_launch, graph):
    answers = {name: [] for name in ('front', 'left', 'rear')}
    for name, heard in answers.items():
        graph.node.create_subscription(
            Detection2DArray, f'/detector/{name}/detections', heard.append, 10
        )
    ros2_launch('detector.launch.py', f'model:={TINY_MODEL}', 'cameras:=front,left,rear')
    for second, (name, heard) in enumerate(answers.items(), start=1):
        camera = graph.camera(Image, f'/{name}/image')
        camera.publish(image_message(picture(), second))
        graph.wait_until(lambda heard=heard: heard)
    stamps = {name: [a.header.stamp.sec for a in heard] for name, heard in answers.items()}
    assert stamps == {'front': [1], 'left': [2], 'rear': [3]}
