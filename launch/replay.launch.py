# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Play a bag to the detector node and record what it answers.

The node lives in the time of the bag. Playing begins when the node takes images and its outputs
are being recorded; everything ends with the bag. List the arguments with
`ros2 launch compressed_detector replay.launch.py --show-args`.
"""

import re
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
)
from launch.event_handlers import OnProcessExit, OnProcessIO
from launch.events.process import ProcessExited, ProcessIO
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

# Not resolved: in a symlinked installation the files lie beside the link, not beside the source.
SHARE = Path(__file__).absolute().parent.parent
SWITCH = ('true', 'false', 'True', 'False')
LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')

# Name, default (None: must be given), choices and description.
ARGUMENTS = (
    ('bag', None, None, 'Bag to play: a folder with metadata.yaml, or a .mcap or .db3 file.'),
    ('rate', '1.0', None, '2 plays twice as fast.'),
    ('loop', 'false', SWITCH, 'Play again and again, until interrupted.'),
    ('output', '', None, 'New folder for the bag of results. Empty: results_ and the time.'),
    ('params_file', str(SHARE / 'config' / 'detector.yaml'), None,
     'Parameter file (YAML) of the node.'),
    ('namespace', '', None, 'Namespace of the node and of its relative topics.'),
    ('model', '', None, 'Name of an installed model, or path of a model manifest (.json). '
     'Empty: as in params_file.'),
    ('cameras', '', None, 'Names of the cameras that share the model, such as front,left,rear: '
     'each has the topic <name>/image and the outputs ~/<name>/. Empty: as in params_file.'),
    ('image_topic', 'image', None, 'Topic of the camera when it has no name, without the '
     '/compressed of a transport.'),
    ('image_transport', '', None, 'raw or compressed. Empty: as in params_file.'),
    ('log_level', 'info', LEVELS, 'Print messages of this severity and above.'),
)
FOR_DETECTOR = ('params_file', 'namespace', 'model', 'cameras', 'image_topic', 'image_transport',
                'log_level')
READY = re.compile(r'ready for the answers to (.+)\n')
# For the answers to the last images; a small computer takes up to a second for one.
SETTLE_S = 2.0
# Until node and recorder know of /clock; nothing on the graph tells the player when they do.
DISCOVERY_S = 1.0


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        *(
            DeclareLaunchArgument(
                name, default_value=default, choices=choices, description=description
            )
            for name, default, choices, description in ARGUMENTS
        ),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'detector.launch.py')),
            launch_arguments=[
                ('use_sim_time', 'true'),
                *((name, LaunchConfiguration(name)) for name in FOR_DETECTOR),
            ],
        ),
        OpaqueFunction(function=_start),
    ])


def _start(context: LaunchContext) -> list[Node | RegisterEventHandler]:
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    recorder, replay = _recorder(given), Replay(given)
    return [
        RegisterEventHandler(OnProcessIO(target_action=recorder, on_stdout=replay.begin)),
        RegisterEventHandler(OnProcessExit(on_exit=replay.end)),
        recorder,
    ]


def _recorder(given: dict[str, str]) -> Node:
    namespace = given['namespace'].strip('/')
    return Node(
        package='compressed_detector',
        executable='record_results',
        arguments=['--detector', f'/{namespace}/detector' if namespace else '/detector',
                   *(['--output', given['output']] if given['output'] else [])],
        parameters=[{'use_sim_time': True}],
        output='screen',
    )


class Replay:
    """Plays the bag when the recorder is ready, and ends the launch with it."""

    def __init__(self, given: dict[str, str]) -> None:
        self._given = given
        self._said = ''
        self._player: Node | None = None

    def begin(self, event: ProcessIO) -> Node | None:
        """Start the player, once the recorder has said which images are awaited."""
        self._said += event.text.decode(errors='replace')
        ready = READY.search(self._said)
        if ready is None or self._player is not None:
            return None
        self._player = Node(
            package='compressed_detector',
            executable='replay_bag',
            arguments=[self._given['bag'], '--clock', '--rate', self._given['rate'],
                       '--wait-topics', *ready[1].split(), '--delay', str(DISCOVERY_S),
                       *(['--loop'] if self._given['loop'].lower() == 'true' else [])],
            output='screen',
        )
        return self._player

    def end(self, event: ProcessExited, context: LaunchContext) -> TimerAction | Shutdown | None:
        """End everything when the bag has ended, or when there is nothing more to play for."""
        if context.is_shutdown:
            return None
        if event.action is self._player:
            if event.returncode:
                return Shutdown(reason='the bag could not be played')
            return TimerAction(
                period=SETTLE_S, actions=[Shutdown(reason='the bag has ended')]
            )
        if 'record_results' in event.process_name and self._player is not None:
            return None  # the disk is full: whoever watches the detector may go on
        return Shutdown(reason=f'{event.process_name} has ended')
