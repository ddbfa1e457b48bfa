# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
The launch file, under the real `ros2 launch`.

A stand-in for the executable is started by it and tells how: which parameters, names and
environment rclpy gave it. The last test starts the detector itself, where it is installed.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from harness import ROOT, TINY_MODEL, Process, wait_until

from compressed_detector.config import NodeConfig, options

LAUNCH_FILE = ROOT / 'launch' / 'detector.launch.py'
PROFILE = str(ROOT / 'config' / 'fastdds_large_images.xml')
TRANSPORT = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE',
             'FASTDDS_BUILTIN_TRANSPORTS')
PREFIXES = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
INSTALLED = any(Path(p, 'lib/compressed_detector/detector_node').is_file() for p in PREFIXES)

if not shutil.which('ros2') or not importlib.util.find_spec('launch_ros'):
    pytest.skip('needs ros2launch and launch_ros of a ROS 2 distribution: no wheels of them exist',
                allow_module_level=True)

STAND_IN = f"""#!{sys.executable}
import json, os, rclpy, signal
from rclpy.executors import ExternalShutdownException
signal.alarm(60)  # nobody stops it when a test fails
rclpy.init()
node = rclpy.create_node('unnamed', automatically_declare_parameters_from_overrides=True)
print('started ' + json.dumps({{
    'name': node.get_fully_qualified_name(),
    'image': node.resolve_topic_name('image'),
    'detections': node.resolve_topic_name('~/detections'),
    'parameters': {{name: parameter.value for name, parameter in
                   node.get_parameters_by_prefix('').items()}},
    'log_level': node.get_logger().get_effective_level().name,
    'environment': {{name: os.environ[name] for name in {TRANSPORT} if name in os.environ}},
    'pid': os.getpid(),
}}), flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""


@pytest.fixture
def ros2_launch(tmp_path, monkeypatch, domain_id):
    """Return a function that starts a launch file on a prefix where the stand-in is installed."""
    prefix = tmp_path / 'prefix'
    marker = prefix / 'share/ament_index/resource_index/packages/compressed_detector'
    executable = prefix / 'lib/compressed_detector/detector_node'
    for path, text in ((marker, ''), (executable, STAND_IN)):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    executable.chmod(0o755)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(prefix), prepend=':')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    for name in (*TRANSPORT, 'ROS_LOCALHOST_ONLY'):
        monkeypatch.delenv(name, raising=False)
    processes = []

    def start(*arguments, file=LAUNCH_FILE, **environment):
        processes.append(Process(['ros2', 'launch', str(file), *arguments], environment))
        return processes[-1]

    yield start
    for process in processes:
        process.stop()


@pytest.fixture
def launched(ros2_launch):
    """Return a function that starts a launch file and returns what the stand-in says of it."""
    return lambda *arguments, **options: starts(ros2_launch(*arguments, **options), 1)[0]


def starts(process, count):
    def said():
        return [json.loads(text) for text in re.findall(r'started (\{.*\})', process.output)]

    wait_until(lambda: len(said()) >= count or not process.running())
    assert len(said()) == count, process.output
    return said()


def parameter_file(tmp_path, key='/**', **parameters):
    path = tmp_path / 'parameters.yaml'
    path.write_text(json.dumps({key: {'ros__parameters': parameters}}))
    return path


def test_arguments_left_at_their_defaults_override_nothing(launched, tmp_path):
    written = {'image_transport': 'compressed', 'autostart': False, 'use_sim_time': True,
               'model': 'mine', 'score_threshold': 0.5, 'num_threads': 1}
    given = launched(f'params_file:={parameter_file(tmp_path, **written)}')['parameters']
    assert {name: given[name] for name in written} == written


def test_without_arguments_the_node_gets_the_documented_defaults(launched):
    started = launched()
    given = started['parameters']
    for option in options(NodeConfig):
        expected = (list(option.default) or ['']) if option.is_list else option.default
        assert given[option.name] == expected, option.name
    assert given['use_sim_time'] is False
    assert started['name'] == '/detector'
    assert started['image'] == '/image'
    assert started['log_level'] == 'INFO'


@pytest.mark.parametrize('key', ['/**', 'detector', '/detector'])
def test_given_arguments_win_over_the_file_and_keep_their_type(launched, tmp_path, key):
    written = parameter_file(tmp_path, key, image_transport='compressed', autostart=True,
                             use_sim_time=True, model='mine', score_threshold=0.5)
    given = launched(f'params_file:={written}', 'autostart:=False', 'use_sim_time:=false',
                     'image_transport:=raw', 'model:=416')['parameters']
    assert given['autostart'] is False
    assert given['use_sim_time'] is False
    assert given['image_transport'] == 'raw'
    assert given['model'] == '416'
    assert given['score_threshold'] == 0.5


def test_one_argument_overrides_one_parameter(launched, tmp_path):
    written = parameter_file(tmp_path, image_transport='compressed', autostart=False, model='mine')
    given = launched(f'params_file:={written}', 'model:=other')['parameters']
    assert given['model'] == 'other'
    assert given['image_transport'] == 'compressed'
    assert given['autostart'] is False


def test_namespace_moves_node_and_topics_and_the_file_still_applies(launched, tmp_path):
    written = parameter_file(tmp_path, score_threshold=0.5)
    started = launched('namespace:=robot/front', f'params_file:={written}')
    assert started['name'] == '/robot/front/detector'
    assert started['image'] == '/robot/front/image'
    assert started['parameters']['score_threshold'] == 0.5


def test_image_topic_is_remapped(launched):
    started = launched('namespace:=robot', 'image_topic:=camera/image_raw', 'log_level:=debug')
    assert started['image'] == '/robot/camera/image_raw'
    assert started['log_level'] == 'DEBUG'


def test_names_of_cameras_become_a_list_of_strings(launched, tmp_path):
    written = parameter_file(tmp_path, cameras=['left'])
    file = f'params_file:={written}'
    assert launched(file)['parameters']['cameras'] == ['left']
    for argument, names in (('front', ['front']), ('front, 416,rear', ['front', '416', 'rear'])):
        assert launched(file, f'cameras:={argument}')['parameters']['cameras'] == names


def test_launch_file_can_be_included_by_another(launched, tmp_path):
    including = tmp_path / 'robot.launch.py'
    including.write_text(f"""
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import PushRosNamespace, SetParameter, SetRemap

def generate_launch_description():
    return LaunchDescription([GroupAction([
        PushRosNamespace('robot'),
        SetParameter('use_sim_time', True),
        SetRemap('~/detections', '/seen'),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource('{LAUNCH_FILE}'),
            launch_arguments={{'namespace': 'front', 'autostart': 'false'}}.items(),
        ),
    ])])
""")
    started = launched(file=including)
    assert started['name'] == '/robot/front/detector'
    assert started['detections'] == '/seen'
    assert started['parameters']['use_sim_time'] is True
    assert started['parameters']['autostart'] is False


@pytest.mark.parametrize(('distribution', 'setting'), [
    ('humble', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
    ('jazzy', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
    ('kilted', 'FASTDDS_DEFAULT_PROFILES_FILE'),
    ('lyrical', 'FASTDDS_DEFAULT_PROFILES_FILE'),
])
def test_large_images_pass_in_the_way_of_each_distribution(launched, distribution, setting):
    assert launched(ROS_DISTRO=distribution)['environment'] == {setting: PROFILE}


@pytest.mark.parametrize('chosen', [
    {'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4'},
    {'FASTDDS_DEFAULT_PROFILES_FILE': PROFILE.replace('fastdds', 'their')},
    {'FASTRTPS_DEFAULT_PROFILES_FILE': PROFILE.replace('fastdds', 'their')},
])
def test_transport_that_the_user_chose_is_left_alone(launched, chosen):
    assert launched(**chosen)['environment'] == chosen


def test_humble_restricted_to_the_machine_is_not_opened_to_the_network(launched):
    assert launched(ROS_DISTRO='humble', ROS_LOCALHOST_ONLY='1')['environment'] == {}


@pytest.mark.parametrize(('argument', 'complaint'), [
    ('autostart:=maybe', '"autostart" provided value "maybe" is not valid'),
    ('use_sim_time:=1', '"use_sim_time" provided value "1" is not valid'),
    ('use_respawn:=yes', '"use_respawn" provided value "yes" is not valid'),
    ('log_level:=loud', '"log_level" provided value "loud" is not valid'),
    ('cameras:=front,,rear', "expected names such as front,left, got 'front,,rear'"),
    ('params_file:=/no/such.yaml', 'expected a parameter file, found none at /no/such.yaml'),
])
def test_bad_arguments_are_refused_with_a_reason(ros2_launch, argument, complaint):
    process = ros2_launch(argument)
    assert process.wait() == 1
    assert complaint in process.output
    assert 'Traceback' not in process.output
    assert 'process started' not in process.output


def test_image_topic_is_refused_for_cameras_that_have_topics_of_their_own(ros2_launch):
    process = ros2_launch('cameras:=front,left', 'image_topic:=/camera/image_raw')
    assert process.wait() == 1
    assert 'image_topic: expected none with cameras' in process.output
    assert 'front/image, or front.image_topic in params_file' in process.output


def test_node_that_dies_comes_back_when_asked_for(ros2_launch):
    process = ros2_launch('use_respawn:=true')
    os.kill(starts(process, 1)[0]['pid'], signal.SIGKILL)
    assert len(starts(process, 2)) == 2


def test_launch_ends_with_its_node_by_default(ros2_launch):
    process = ros2_launch()
    os.kill(starts(process, 1)[0]['pid'], signal.SIGKILL)
    process.wait()
    assert process.output.count('process started') == 1


@pytest.mark.skipif(not INSTALLED, reason='needs the package in a sourced colcon workspace')
def test_installed_detector_starts_and_ends_on_ctrl_c(domain_id, tmp_path):
    process = Process(
        ['ros2', 'launch', 'compressed_detector', 'detector.launch.py', f'model:={TINY_MODEL}'],
        {'ROS_DOMAIN_ID': str(domain_id), 'ROS_LOG_DIR': str(tmp_path)},
    )
    try:
        process.wait_for_output(f'loaded {TINY_MODEL}')
        start = time.monotonic()
        assert process.stop(signal.SIGINT) == 0
        assert time.monotonic() - start < 2.0
        assert 'process has finished cleanly' in process.output
        assert 'Traceback' not in process.output
    finally:
        process.stop()
