# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Start the detector node, for one camera or for several.

An argument that is not given changes nothing: the parameter file decides. List the arguments with
`ros2 launch compressed_detector detector.launch.py --show-args`.
"""

import os
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

# Not resolved: in a symlinked installation the files lie beside the link, not beside the source.
SHARE = Path(__file__).absolute().parent.parent
SWITCH = ('true', 'false', 'True', 'False')
OPTIONAL_SWITCH = ('', *SWITCH)
LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')

# Name, default, choices and description; where the default is empty, the parameter file decides.
ARGUMENTS = (
    ('params_file', str(SHARE / 'config' / 'detector.yaml'), None,
     'Parameter file (YAML) of the node.'),
    ('namespace', '', None, 'Namespace of the node and of its relative topics.'),
    ('use_sim_time', '', OPTIONAL_SWITCH, 'Take the time from /clock. Empty: as in params_file.'),
    ('model', '', None, 'Name of an installed model, or path of a model manifest (.json). '
     'Empty: as in params_file.'),
    ('cameras', '', None, 'Names of the cameras that share the model, such as front,left,rear: '
     'each has the topic <name>/image and the outputs ~/<name>/. Empty: as in params_file.'),
    ('image_topic', 'image', None, 'Topic of the camera when it has no name, without the '
     '/compressed of a transport.'),
    ('image_transport', '', None, 'raw or compressed. Empty: as in params_file.'),
    ('autostart', '', OPTIONAL_SWITCH, 'Configure and activate at start; false leaves it to a '
     'lifecycle manager. Empty: as in params_file.'),
    ('use_respawn', 'false', SWITCH, 'Start the node again, 2 s after it died.'),
    ('log_level', 'info', LEVELS, 'Print messages of this severity and above.'),
)
PARAMETERS = {'use_sim_time': bool, 'model': str, 'image_transport': str, 'autostart': bool}

PROFILE = str(SHARE / 'config' / 'fastdds_large_images.xml')
PROFILE_SETTING = 'FASTDDS_DEFAULT_PROFILES_FILE'
PROFILE_SETTING_UNTIL_JAZZY = 'FASTRTPS_DEFAULT_PROFILES_FILE'
TRANSPORT_SETTINGS = (PROFILE_SETTING, PROFILE_SETTING_UNTIL_JAZZY, 'FASTDDS_BUILTIN_TRANSPORTS')


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        *(
            DeclareLaunchArgument(
                name, default_value=default, choices=choices, description=description
            )
            for name, default, choices, description in ARGUMENTS
        ),
        OpaqueFunction(function=_start_node),
    ])


def _start_node(context: LaunchContext) -> list[Node]:
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    overrides = _overrides(given)
    return [
        Node(
            package='compressed_detector',
            executable='detector_node',
            name='detector',
            namespace=given['namespace'],
            parameters=[_existing(given['params_file']), *([overrides] if overrides else [])],
            remappings=[('image', given['image_topic'])],
            ros_arguments=['--log-level', given['log_level']],
            additional_env=_large_image_transport(),
            respawn=LaunchConfiguration('use_respawn'),
            respawn_delay=2.0,
            output='screen',
        )
    ]


def _existing(params_file: str) -> str:
    # launch_ros only warns of a missing file, and starts the node with other values than wanted.
    path = Path(params_file).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'params_file: expected a parameter file, found none at {path}')
    return str(path)


def _overrides(given: dict[str, str]) -> dict[str, ParameterValue | list[str]]:
    # Typed, because launch_ros would make a number of a model that is called 416.
    overrides = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, kind in PARAMETERS.items()
        if given[name]
    }
    return {**overrides, 'cameras': _camera_names(given)} if given['cameras'] else overrides


def _camera_names(given: dict[str, str]) -> list[str]:
    names = [name.strip() for name in given['cameras'].split(',')]
    if not all(names):
        raise ValueError(f'cameras: expected names such as front,left, got {given["cameras"]!r}')
    if given['image_topic'] != 'image':
        raise ValueError('image_topic: expected none with cameras, which have a topic each: '
                         f'{names[0]}/image, or {names[0]}.image_topic in params_file')
    return names


def _large_image_transport() -> dict[str, str]:
    """Return the environment that lets Fast DDS send large images, unless the user chose one."""
    if any(name in os.environ for name in TRANSPORT_SETTINGS):
        return {}
    distribution = os.environ.get('ROS_DISTRO')
    if distribution == 'humble' and os.environ.get('ROS_LOCALHOST_ONLY') == '1':
        # Humble adds its loopback to the profile's transports: they would open the network.
        return {}
    until_jazzy = distribution in ('humble', 'iron', 'jazzy')
    return {PROFILE_SETTING_UNTIL_JAZZY if until_jazzy else PROFILE_SETTING: PROFILE}
