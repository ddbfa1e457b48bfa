# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""replay_bag: play a recorded bag onto the live ROS 2 graph with its recorded timing."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from compressed_detector.cli.exit_code import exit_code
from compressed_detector.cli.replay_display import open_display, result_lines
from compressed_detector.cli.ros_tool import require, split_ros_arguments
from compressed_detector.cli.stop_signals import StopSignals
from compressed_detector.errors import ConfigError
from compressed_detector.ros.replay_schedule import Pace, ReplayOptions

if TYPE_CHECKING:
    from compressed_detector.ros.replay import BagPlayer, ReplayResult

EPILOG = """
Arguments after --ros-args go to ROS: node name, namespace, remappings, parameters. Parameters
override the recorded QoS:
-p qos_overrides./camera/image.publisher.reliability:=reliable
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; the options are named as in ros2 bag play, with its names as aliases."""
    parser = argparse.ArgumentParser(
        prog='replay_bag',
        description='Play a rosbag2 (sqlite3 or MCAP) onto the live ROS 2 graph.',
        epilog=EPILOG,
    )
    parser.add_argument('bag', type=Path, help='folder with metadata.yaml, or a .mcap/.db3 file')
    _add_selection(parser)
    _add_timing(parser)
    parser.add_argument(
        '--wait-for-subscribers', type=_count, nargs='?', const=1, default=0, metavar='N',
        help='start when every topic has N subscribers (without a number: 1)',
    )
    parser.add_argument(
        '--wait-topics', nargs='+', default=[], metavar='TOPIC',
        help='of these topics of the bag only, even without --wait-for-subscribers',
    )
    parser.add_argument(
        '--wait-timeout', type=_seconds, default=30.0, metavar='S',
        help='give up waiting for subscribers after S seconds (default %(default)s)',
    )
    parser.add_argument(
        '--summary', type=Path, metavar='FILE', help='write what was published as JSON'
    )
    parser.add_argument(
        '--disable-keyboard-controls', action='store_true',
        help='accepted, as there are no keyboard controls',
    )
    return parser


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--topics', nargs='+', default=[], metavar='TOPIC', help='play only these topics'
    )
    parser.add_argument(
        '-m', '--remap', nargs='+', default=[], metavar='OLD:=NEW', type=_remap_rule,
        help='publish topic OLD as NEW',
    )
    parser.add_argument(
        '--start', '--start-offset', type=float, default=0.0, metavar='S',
        help='skip the first S seconds of the bag',
    )
    parser.add_argument(
        '--duration', '--playback-duration', type=float, metavar='S',
        help='stop after S seconds of bag time',
    )


def _add_timing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '-r', '--rate', type=float, default=1.0, help='2 plays twice as fast (default %(default)s)'
    )
    parser.add_argument(
        '-l', '--loop', action='store_true',
        help='repeat until interrupted; /clock runs on, it never goes back',
    )
    parser.add_argument(
        '-d', '--delay', type=_seconds, default=0.0, metavar='S',
        help='wait S seconds before playing',
    )
    parser.add_argument(
        '--clock', type=_frequency, nargs='?', const=40.0, default=0.0, metavar='HZ',
        help='publish bag time on /clock (without a number: at 40 Hz)',
    )
    parser.add_argument(
        '--restamp', action='store_true',
        help='write the time of publishing into header stamps: bag time with --clock, else now',
    )


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(
            f'expected a number from 1 on, got {text!r} (give the bag before the options)'
        )
    return int(text)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f'expected seconds, 0 or more, got {text!r}')
    return value


def _frequency(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError(
            f'expected Hz, above 0, at most 1000, got {text!r} (give the bag before the options)'
        )
    return value


def _remap_rule(text: str) -> str:
    old, separator, new = text.partition(':=')
    if not (old and separator and new):
        raise argparse.ArgumentTypeError(f'expected OLD:=NEW, got {text!r}')
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    own, for_ros = split_ros_arguments(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(own)
    for rule in arguments.remap:
        for_ros += ['--ros-args', '-r', rule, '--']
    return exit_code(
        lambda: _replay(arguments, for_ros), 'interrupted before the first message')


def _replay(arguments: argparse.Namespace, ros_arguments: list[str]) -> int:
    options = ReplayOptions(
        rate=arguments.rate,
        loop=arguments.loop,
        start_s=arguments.start,
        duration_s=arguments.duration,
        topics=tuple(arguments.topics),
        clock_hz=arguments.clock,
        restamp=arguments.restamp,
    )
    _check_summary(arguments.summary)
    with StopSignals() as stop:
        require('compressed_detector.ros.replay')
        from compressed_detector.bags import BagSource
        from compressed_detector.ros.replay import BagPlayer, replay_node

        with (
            BagSource(arguments.bag) as source,
            replay_node(ros_arguments, [topic.msgtype for topic in source.topics]) as node,
            BagPlayer(node, source, options, Pace(should_stop=stop)) as player,
        ):
            stop.defer()
            result = _play(player, arguments)
            print('\n'.join(result_lines(result, player.routes)))
    if arguments.summary:
        write_summary(arguments.summary, result)
    return 0


def _play(player: BagPlayer, arguments: argparse.Namespace) -> ReplayResult:
    for skipped in player.skipped:
        print(
            f'warning: {skipped.topic} ({skipped.msgtype}) is skipped: {skipped.reason}',
            file=sys.stderr,
        )
    if arguments.wait_for_subscribers or arguments.wait_topics:
        print('waiting for subscribers', file=sys.stderr)
        player.wait_for_subscribers(
            arguments.wait_for_subscribers or 1, arguments.wait_timeout, arguments.wait_topics
        )
    player.wait(arguments.delay)
    with open_display(sys.stderr) as display:
        return player.play(display)


def _check_summary(path: Path | None) -> None:
    """Refuse a summary that could not be written, before an hour of playing."""
    if path and not path.resolve().parent.is_dir():
        raise ConfigError(f'summary: expected an existing folder, got {path.resolve().parent}')


def write_summary(path: Path, result: ReplayResult) -> None:
    """Write the result as JSON in one step; raises ConfigError when that is not possible."""
    summary = {'topics': result.published, **dataclasses.asdict(result)}
    del summary['published']
    partial = path.with_name(f'.{path.name}.part')
    try:
        partial.write_text(json.dumps(summary, indent=2) + '\n', encoding='utf-8')
        os.replace(partial, path)
    except OSError as error:
        raise ConfigError(f'summary: cannot write {path}: {error.strerror}') from error


if __name__ == '__main__':
    sys.exit(main())
