# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What evaluate_bag can be told on its command line."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from compressed_detector.config import NodeConfig
from compressed_detector.detection.camera_model import Mounting
from compressed_detector.evaluation.criteria import Criteria, StopZone

EXAMPLES = """
examples (give the recordings first):
  how good is the default model on a drive, by the ground_truth.json in its folder:
    evaluate_bag drive_1 --output out/drive_1

  two models and the classical detector, on two drives, with the truth on a topic of each bag:
    evaluate_bag drive_1 drive_2 --models small.json large.json hog \\
        --ground-truth /annotations --output out/compared

  with distances: the camera is 0.35 m above the floor and looks down by 0.17 rad, the bag has
  its camera_info; the robot is 0.6 m wide and stops for what is 1.5 m ahead:
    evaluate_bag drive_1 --camera-height 0.35 --camera-pitch 0.17 --corridor 0.6 \\
        --stop-zone 1.5x0.6 --output out/drive_1

  all bags in a folder, as many at a time as there are processors for; what an interrupted run
  has done is used when the same is run again:
    evaluate_bag drives --output out/drives

  a gate: exit code 1 if it became worse than it was:
    evaluate_bag drive_1 --output out/new --baseline out/drive_1/metrics.json \\
        --fail-if 'ap50 < baseline - 0.01' --fail-if 'false_alarms_per_minute > 2'

docs/metrics.md says what every figure is, to the last detail.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of evaluate_bag."""
    parser = argparse.ArgumentParser(
        prog='evaluate_bag', epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='How good, how fast and how safe a detector is on your own recordings.',
    )
    parser.add_argument(
        'sources', type=Path, nargs='+', metavar='SOURCE',
        help='rosbag2 (folder, .mcap or .db3), video, folder of pictures, or folder in which bags '
             'or videos are',
    )
    parser.add_argument(
        '--models', nargs='+', default=[NodeConfig().model], metavar='MODEL',
        help='names of installed models, manifests (.json), archives (.dcz), or hog: the HOG and '
             'SVM people detector of OpenCV (default %(default)s)',
    )
    parser.add_argument(
        '--output', type=Path, required=True, metavar='DIR',
        help='folder for report.html, metrics.json, and detections as COCO JSON and as rosbag2',
    )
    parser.add_argument(
        '--video', action='store_true',
        help='also write every film with what each model reports in it, as MP4',
    )
    parser.add_argument('--force', action='store_true', help='replace results that exist')
    _add_inputs(parser)
    _add_criteria(parser)
    _add_running(parser)
    return parser


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('what is in the recordings')
    group.add_argument(
        '--topics', nargs='+', default=[], metavar='TOPIC',
        help='image topics; not needed where a bag has only one',
    )
    group.add_argument(
        '--ground-truth', nargs='+', default=[], metavar='TRUTH',
        help='for each image topic: COCO JSON or MOT text, sought in the recording first, or a '
             'topic with Detection2DArray or Detection3DArray (default: ground_truth.json in the '
             'recording, if it is there)',
    )
    group.add_argument(
        '--classes', nargs='+', default=[], metavar='CLASS',
        help='evaluate only these (default: those of the truth that all models know)',
    )
    group.add_argument(
        '--camera-height', type=float, default=0.0, metavar='M',
        help='of the camera above the floor; gives distances to boxes, with a camera_info beside '
             'the images',
    )
    group.add_argument(
        '--camera-pitch', type=float, default=0.0, metavar='RAD', help='positive looks down')
    group.add_argument(
        '--camera-roll', type=float, default=0.0, metavar='RAD',
        help='positive is turned clockwise, seen from behind',
    )


def _add_criteria(parser: argparse.ArgumentParser) -> None:
    usual = Criteria()
    group = parser.add_argument_group('what counts')
    group.add_argument(
        '--score-threshold', type=float, default=usual.score_threshold, metavar='S',
        help='of the robot; average precision is over all scores (default %(default)s)',
    )
    group.add_argument(
        '--iou', type=float, default=usual.iou_threshold, metavar='IOU',
        help='overlap with which an object is found (default %(default)s)',
    )
    group.add_argument(
        '--corridor', type=float, default=usual.corridor_m, metavar='M',
        help='width of the corridor in which the robot drives (default %(default)s)',
    )
    group.add_argument(
        '--ranges', type=float, nargs='+', default=list(usual.range_edges_m), metavar='M',
        help='distances that divide the corridor (default: 0 2 5 10 20 inf)',
    )
    group.add_argument(
        '--stop-zone', type=_stop_zone, action='append', default=[], metavar='DEPTHxWIDTH',
        help='floor ahead of the camera, in metres, on which an obstacle stops the robot; may be '
             'given again',
    )


def _add_running(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('how it is done')
    mode = group.add_mutually_exclusive_group()
    mode.add_argument(
        '--offline', action='store_true',
        help='every frame through the detector, in this process (default)',
    )
    mode.add_argument(
        '--live', action='store_true',
        help='through the node as its own process over DDS, with the timing of the bag: frames '
             'may be replaced, and answers have an age; needs ROS 2',
    )
    group.add_argument(
        '--rate', type=float, default=1.0, metavar='X',
        help='with --live: 2 plays twice as fast (default %(default)s)',
    )
    group.add_argument(
        '--params-file', type=Path, metavar='FILE',
        help='with --live: parameters of the node, such as threads',
    )
    group.add_argument(
        '--num-threads', type=_count, metavar='N',
        help='that compute the network (default 2, or less where there are more recordings than '
             'processors for that)',
    )
    place = group.add_mutually_exclusive_group()
    place.add_argument(
        '--jobs', type=_count, metavar='N',
        help='recordings at a time (default: as many as processors allow; 1 with --live, and for '
             'latencies that nothing else disturbs)',
    )
    place.add_argument(
        '--ray', metavar='ADDRESS',
        help='do recordings on a Ray cluster that sees the same files; "local" starts one here',
    )
    group.add_argument(
        '--retries', type=_count_or_none, default=1, metavar='N',
        help='how often a recording that fails is tried again (default %(default)s)',
    )
    group.add_argument(
        '--samples', type=_count, default=1000, metavar='N',
        help='bootstrap samples, from which intervals come (default %(default)s)',
    )
    group.add_argument('--seed', type=int, default=0, help='of these (default %(default)s)')
    group.add_argument(
        '--baseline', type=Path, metavar='FILE', help='metrics.json that --fail-if compares with')
    group.add_argument(
        '--fail-if', action='append', default=[], metavar='CONDITION',
        help='exit with 1 if it holds for a model, such as "ap50 < baseline - 0.01"; may be given '
             'again',
    )


def criteria_of(arguments: argparse.Namespace) -> Criteria:
    """Return what counts; raises EvaluationError."""
    return Criteria(
        score_threshold=arguments.score_threshold, iou_threshold=arguments.iou,
        corridor_m=arguments.corridor, range_edges_m=tuple(arguments.ranges),
        stop_zones=tuple(arguments.stop_zone),
    )


def mounting_of(arguments: argparse.Namespace) -> Mounting | None:
    """Return how the camera is mounted, None if it was not said; raises RangingError."""
    if not arguments.camera_height:
        return None
    return Mounting(arguments.camera_height, arguments.camera_pitch, arguments.camera_roll)


def _stop_zone(text: str) -> StopZone:
    depth, separator, width = text.partition('x')
    try:
        values = float(depth), float(width)
    except ValueError:
        values = math.nan, math.nan
    if not (separator and all(0 < value < math.inf for value in values)):
        raise argparse.ArgumentTypeError(
            f'expected depth x width in metres, such as 1.5x0.8, got {text!r}')
    return StopZone(*values)


def _count_or_none(text: str) -> int:
    return 0 if text == '0' else _count(text)


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f'expected a number from 1 on, got {text!r}')
    return int(text)
