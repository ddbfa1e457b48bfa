# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the command line tools that live on the ROS graph have in common."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from compressed_detector.errors import RosError

LIBRARIES = ('jinja2', 'matplotlib', 'rich', 'rosbags')


def split_ros_arguments(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return our own arguments, and those from each --ros-args to the next -- or the end."""
    own: list[str] = []
    for_ros: list[str] = []
    in_ros = False
    for argument in arguments:
        in_ros = in_ros or argument == '--ros-args'
        (for_ros if in_ros else own).append(argument)
        in_ros = in_ros and argument != '--'
    return own, for_ros


def require(module: str) -> None:
    """
    Import a module that needs ROS only now, so that --help and wrong options do without.

    Raises RosError with the remedy when ROS, or a library that is not part of it, is not there.
    """
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        remedy = (
            f'install it with: python3 -m pip install {error.name}' if error.name in LIBRARIES
            else 'source a ROS 2 distribution first (source /opt/ros/<distro>/setup.bash)'
        )
        raise RosError(f'Python module {error.name} is missing; {remedy}') from error
