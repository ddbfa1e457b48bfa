# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Run the detector node."""

from __future__ import annotations

import argparse
import inspect
import signal
import sys
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.utilities import remove_ros_args

from compressed_detector.config import CameraSettings, NodeConfig, options
from compressed_detector.errors import CompressedDetectorError
from compressed_detector.ros.detector_node import DetectorNode


def main(argv: list[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit code."""
    arguments = sys.argv if argv is None else argv
    # rclpy's own handlers chain to these and end the spinning. Python must not raise on top: a
    # terminal and `ros2 launch` each send SIGINT, and the second comes amid the clean-up.
    _handle_signals(lambda *_: None)
    try:
        _parser().parse_args(remove_ros_args(arguments)[1:])
        rclpy.init(args=arguments)
        _run()
    except (CompressedDetectorError, rclpy_implementation.RCLInvalidROSArgsError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        # SIGTERM while starting: what follows finds that ROS was shut down, each in its own way.
        if rclpy.ok():
            raise
    finally:
        rclpy.try_shutdown()
        # The interpreter, while it ends, resets handlers that are functions, but not this one.
        _handle_signals(signal.SIG_IGN)
    return 0


def _handle_signals(handler: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _run() -> None:
    executor = SingleThreadedExecutor()
    node = DetectorNode()
    try:
        executor.add_node(node)
        _start(node)
        executor.spin()
    finally:
        node.destroy_node()


def _start(node: DetectorNode) -> None:
    if not node.autostart:
        name = node.get_fully_qualified_name()
        node.get_logger().info(
            f'waiting to be configured, because autostart is off: ros2 lifecycle set {name} '
            f'configure, then ros2 lifecycle set {name} activate'
        )
    elif node.trigger_configure() == TransitionCallbackReturn.SUCCESS:
        node.trigger_activate()


def _parser() -> argparse.ArgumentParser:
    described = '\n'.join(
        f'  {option.name} ({option.constraint}, default {option.default!r})\n'
        f'      {option.description}'
        for config in (NodeConfig, CameraSettings) for option in options(config)
    )
    return argparse.ArgumentParser(
        prog='detector_node',
        usage='%(prog)s [--ros-args -p NAME:=VALUE --params-file FILE -r image:=TOPIC ...]',
        description=inspect.getdoc(DetectorNode),
        epilog=f'parameters:\n{described}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


if __name__ == '__main__':
    sys.exit(main())
