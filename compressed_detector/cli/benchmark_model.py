# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""benchmark_model: what a model and the node cost on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from compressed_detector.benchmark.pinning import processors
from compressed_detector.cli.exit_code import exit_code
from compressed_detector.cli.ros_tool import require
from compressed_detector.config import NodeConfig

DEFAULT_OUTPUT, DEFAULT_WORK = Path('out/benchmark'), Path('out/workshop')
BATCHES = (1, 2, 4, 8, 16)
EXAMPLES = """
examples:
  the default model on this machine: latency, memory, operations, energy, operators
    benchmark_model networks

  two models, the second as a multiple of the first, on one and on four threads
    benchmark_model networks fast ~/models/mine.tflite --threads 1 4

  the dense network behind a model in ONNX Runtime, OpenVINO and ncnn, in the same run
    python3 -m pip install -r requirements/peers.txt -r requirements/workshop.txt
    benchmark_model networks balanced --peers --images ~/pictures

  the real node, from the stamp of an image to the publication of what is in it
    benchmark_model node

Times of different runs do not compare: other programs, other clocks. Ratios within one run do: in
it the networks take turns. Close other programs first; the results say what others took.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of benchmark_model."""
    parser = argparse.ArgumentParser(
        prog='benchmark_model', epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='What a model and the node cost on this machine.',
    )
    commands = parser.add_subparsers(title='commands', required=True, metavar='COMMAND')
    _add_networks(commands)
    _add_node(commands)
    return parser


def _add_networks(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        'networks', help='latency, memory, operations and energy of models, without the node',
        description='Writes networks.json, and plots of latency against batch and of accuracy '
                    'against latency, which NAME.metrics.json beside a model knows.',
    )
    parser.add_argument(
        'models', nargs='*', default=[NodeConfig().model], metavar='MODEL',
        help='names of installed models, manifests (.json), archives (.dcz), or .tflite files '
             'of any kind; ratios are to the first, or with --peers to the dense network '
             f'(default {NodeConfig().model})',
    )
    parser.add_argument(
        '--threads', type=_positive, nargs='+', default=_thread_numbers(), metavar='N',
        help='that compute a network, on as many processors (default %(default)s)',
    )
    parser.add_argument(
        '--batches', type=_positive, nargs='*', default=list(BATCHES), metavar='N',
        help='images at a time; without numbers only one (default %(default)s)',
    )
    parser.add_argument(
        '--turns', type=_positive, default=20, metavar='N',
        help='of each network; a turn begins with a run that is not counted (default %(default)s)',
    )
    parser.add_argument(
        '--runs', type=_positive, default=5, metavar='N',
        help='that count in a turn (default %(default)s)',
    )
    parser.add_argument(
        '--peers', action='store_true',
        help='time the dense float32 network behind the models, too, here and in other runtimes; '
             'those that compute something else are left out',
    )
    parser.add_argument(
        '--images', type=Path, metavar='DIR_OR_BAG',
        help='with --peers: pictures, to calibrate int8 and to compare outputs',
    )
    _add_work(parser)
    _add_output(parser)
    parser.set_defaults(run=_run_networks)


def _add_node(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        'node', help='the real node process before a camera; needs ROS 2',
        description='Writes node.json: from the stamp of an image to the publication of what is '
                    'in it, which part of that is not the network, processor time and memory. '
                    'Camera and node are processes that talk over DDS.',
    )
    parser.add_argument(
        '--model', default=NodeConfig().model, help='as the parameter of the node '
        '(default %(default)s)',
    )
    parser.add_argument(
        '--sizes', type=_size, nargs='+', default=[(640, 480), (1280, 720)], metavar='WxH',
        help='of the images, in pixels (default 640x480 1280x720)',
    )
    parser.add_argument(
        '--transports', nargs='+', default=['raw', 'compressed'], choices=('raw', 'compressed'),
        help='of the images (default both)',
    )
    parser.add_argument(
        '--rates', type=_positive, nargs='+', default=[10, 15, 30], metavar='HZ',
        help='of the camera (default %(default)s)',
    )
    parser.add_argument(
        '--frames', type=_positive, default=300, metavar='N',
        help='that count, in each case (default %(default)s)',
    )
    parser.add_argument(
        '--num-threads', type=_positive, default=NodeConfig().num_threads, metavar='N',
        help='as the parameter of the node (default %(default)s)',
    )
    parser.add_argument(
        '--images', type=Path, metavar='DIR_OR_BAG',
        help='pictures to show to the node; objects in them take time, too (default: noise)',
    )
    _add_work(parser)
    _add_output(parser)
    parser.set_defaults(run=_run_node)


def _add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--work', type=Path, default=DEFAULT_WORK, metavar='DIR',
        help='keeps the frames of bags (default %(default)s)',
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--output', type=Path, default=DEFAULT_OUTPUT, metavar='DIR',
        help='where the results are written (default %(default)s)',
    )
    parser.add_argument('--force', action='store_true', help='replace results that exist')


def _thread_numbers() -> list[int]:
    """Return 1, 2, 4 and so on, up to the number of processors."""
    most = processors()
    return sorted({*(1 << power for power in range(most.bit_length())), most})


def _positive(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f'expected a number from 1 on, got {text!r}')
    return int(text)


def _size(text: str) -> tuple[int, int]:
    width, separator, height = text.partition('x')
    if not (separator and width.isdecimal() and height.isdecimal() and int(width) * int(height)):
        raise argparse.ArgumentTypeError(f'expected width x height, such as 640x480, got {text!r}')
    return int(width), int(height)


def _run_networks(arguments: argparse.Namespace) -> None:
    require('compressed_detector.cli.benchmark_networks')
    from compressed_detector.cli import benchmark_networks

    benchmark_networks.run(arguments)


def _run_node(arguments: argparse.Namespace) -> None:
    require('compressed_detector.cli.benchmark_node')
    from compressed_detector.cli import benchmark_node

    benchmark_node.run(arguments)


def main(argv: Sequence[str] | None = None) -> int:
    """Run benchmark_model; return the exit code."""
    arguments = build_parser().parse_args(argv)
    return exit_code(lambda: arguments.run(arguments), 'interrupted; nothing was written')


if __name__ == '__main__':
    sys.exit(main())
