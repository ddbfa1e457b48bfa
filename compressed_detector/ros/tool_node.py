# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The node of a command line tool: in a context of its own, and without signal handlers."""

from __future__ import annotations

from collections.abc import Sequence

import rclpy
from rclpy.context import Context
from rclpy.exceptions import NameValidationException
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from compressed_detector.errors import RosError


def create_tool_node(name: str, ros_arguments: Sequence[str]) -> Node:
    """
    Return a node; shut down its context when it is no longer needed.

    Signal handlers are the caller's. Raises RosError when a ROS argument is not understood.
    """
    context = Context()
    try:
        rclpy.init(
            args=list(ros_arguments), context=context,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        return rclpy.create_node(name, context=context)
    except (RuntimeError, NameValidationException) as error:
        context.try_shutdown()
        raise RosError(f'ROS refuses {" ".join(ros_arguments)}: {error}') from error
