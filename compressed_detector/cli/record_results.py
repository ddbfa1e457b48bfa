# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""record_results: write what a detector publishes into a bag that RViz and Foxglove open."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from compressed_detector.cli.exit_code import exit_code
from compressed_detector.cli.ros_tool import require, split_ros_arguments
from compressed_detector.cli.stop_signals import StopSignals
from compressed_detector.errors import RosError

if TYPE_CHECKING:
    from rclpy.node import Node

    from compressed_detector.ros.result_bag import ResultBag
    from compressed_detector.ros.result_recorder import ResultRecorder

PERIOD_S = 0.1
FLUSH_PERIOD_S = 1.0
EPILOG = """
Recorded are detections, obstacles, points, scan, markers, label info, diagnostics and static
transforms of the detector, as soon as it publishes them, until SIGINT or SIGTERM. Arguments after
--ros-args go to ROS; -p use_sim_time:=true takes the log time from /clock.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser(
        prog='record_results',
        description='Record what a detector node publishes as a rosbag2 (MCAP).',
        epilog=EPILOG,
    )
    parser.add_argument(
        '-o', '--output', type=Path, metavar='FOLDER',
        help='new folder for the bag (default: results_ and the time, in the current folder)',
    )
    parser.add_argument(
        '--detector', default='/detector', type=_full_name, metavar='NODE',
        help='full name of the detector node (default %(default)s)',
    )
    return parser


def _full_name(text: str) -> str:
    if not text.startswith('/') or text.endswith('/'):
        raise argparse.ArgumentTypeError(f'expected a full name such as /detector, got {text!r}')
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    own, for_ros = split_ros_arguments(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(own)
    folder = arguments.output or Path(time.strftime('results_%Y_%m_%d-%H_%M_%S'))
    return exit_code(
        lambda: _record_until_stopped(folder, arguments.detector, for_ros),
        'interrupted before the recording began',
    )


def _record_until_stopped(folder: Path, detector: str, ros_arguments: list[str]) -> None:
    with StopSignals() as stop:
        _record(folder, detector, ros_arguments, stop)


def _record(folder: Path, detector: str, ros_arguments: list[str], stop: StopSignals) -> None:
    require('compressed_detector.ros.result_recorder')
    from compressed_detector.ros.result_bag import ResultBag
    from compressed_detector.ros.result_recorder import ResultRecorder
    from compressed_detector.ros.tool_node import create_tool_node

    node = create_tool_node('record_results', ros_arguments)
    try:
        stop.defer()
        with ResultBag(folder) as bag:
            print(f'recording {detector} into {folder}', flush=True)
            recorder = ResultRecorder(node, detector, bag)
            with _spinning(node) as spin_once:
                _run(recorder, bag, spin_once, stop)
        _report(recorder, bag, detector)
    finally:
        node.destroy_node()
        node.context.try_shutdown()


def _run(
    recorder: ResultRecorder, bag: ResultBag, spin_once: Callable[[float], None],
    stop: StopSignals,
) -> None:
    discover_s = flush_s = time.monotonic()
    ready = False
    while not stop():
        spin_once(PERIOD_S)
        now_s = time.monotonic()
        if now_s >= discover_s:
            discover_s = now_s + PERIOD_S
            recorder.discover()
        if not ready and recorder.topics and (images := recorder.image_topics()):
            # replay.launch.py waits for this line.
            print(f'ready for the answers to {" ".join(images)}', flush=True)
            ready = True
        if now_s >= flush_s:
            flush_s = now_s + FLUSH_PERIOD_S
            bag.flush()


def _report(recorder: ResultRecorder, bag: ResultBag, detector: str) -> None:
    if recorder.awaits_clock:
        raise RosError('nothing was recorded, because use_sim_time is set and nobody publishes '
                       '/clock; play the bag with --clock')
    if not bag.counts:
        raise RosError(f'nothing was recorded, because {detector} published nothing; is it the '
                       'name of the node? (ros2 node list)')
    for topic, count in sorted(bag.counts.items()):
        print(f'{topic}: {count} messages')


@contextmanager
def _spinning(node: Node) -> Iterator[Callable[[float], None]]:
    from rclpy.executors import SingleThreadedExecutor

    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    try:
        yield lambda timeout_s: executor.spin_once(timeout_sec=timeout_s)
    finally:
        executor.shutdown()


if __name__ == '__main__':
    sys.exit(main())
