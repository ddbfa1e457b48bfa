# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the detector node.

An argument that is not given changes nothing: the parameter file decides. List the arguments with
`ros2 launch compressed_detector detector.launch.py --show-args`.
"""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

SHARE = Path(get_package_share_directory('compressed_detector'))
BOOLEANS = {'true': True, '1': True, 'false': False, '0': False}

# Name, default and description; an empty default means "as the parameter file says".
ARGUMENTS = (
    ('params_file', str(SHARE / 'config' / 'detector.yaml'), 'Parameter file (YAML) of the node.'),
    ('namespace', '', 'Namespace of the node and of its relative topics.'),
    ('use_sim_time', '', 'true: take the time from /clock, as when a bag is replayed.'),
    ('model', '', 'Name of an installed model, or path of a model manifest (.json).'),
    ('image_topic', 'image', 'Camera topic, without the /compressed of a transport.'),
    ('image_transport', '', 'raw or compressed.'),
    ('autostart', '', 'false: leave configure and activate to a lifecycle manager.'),
    ('use_respawn', 'false', 'true: start the node again when it dies.'),
    ('log_level', 'info', 'debug, info, warn, error or fatal.'),
)
PARAMETERS = {'use_sim_time': bool, 'model': str, 'image_transport': str, 'autostart': bool}


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        *(
            DeclareLaunchArgument(name, default_value=default, description=description)
            for name, default, description in ARGUMENTS
        ),
        OpaqueFunction(function=_start_node),
    ])


def _start_node(context: LaunchContext) -> list[Node]:
    given = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    return [
        Node(
            package='compressed_detector',
            executable='detector_node',
            name='detector',
            namespace=given['namespace'],
            parameters=[given['params_file'], _overrides(given)],
            remappings=[('image', given['image_topic'])],
            arguments=['--ros-args', '--log-level', given['log_level']],
            additional_env=_large_image_transport(),
            respawn=_boolean('use_respawn', given['use_respawn']),
            respawn_delay=2.0,
            output='screen',
        )
    ]


def _overrides(given: dict[str, str]) -> dict[str, object]:
    return {
        name: _boolean(name, given[name]) if kind is bool else given[name]
        for name, kind in PARAMETERS.items()
        if given[name]
    }


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in BOOLEANS:
        raise ValueError(f'{name}: expected true or false, got {text!r}')
    return BOOLEANS[text.lower()]


def _large_image_transport() -> dict[str, str]:
    """Return the environment that lets Fast DDS send large images, unless the user chose one."""
    names = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
    if any(name in os.environ for name in (*names, 'FASTDDS_BUILTIN_TRANSPORTS')):
        return {}
    older = os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy')
    return {names[older]: str(SHARE / 'config' / 'fastdds_large_images.xml')}
