# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Compare tracking settings on a recorded bag with ground truth."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from compressed_detector.config import DetectionSettings, NodeConfig, TrackingSettings
from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.types import Detections
from compressed_detector.errors import CompressedDetectorError, EvaluationError
from compressed_detector.evaluation.coco_truth import load_ground_truth
from compressed_detector.evaluation.ground_truth import FrameTruth
from compressed_detector.evaluation.sources import bag_images
from compressed_detector.evaluation.stability import Stability, stability, track
from compressed_detector.resources import model_folders

IOU_THRESHOLD = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    try:
        _run(build_parser().parse_args(argv))
    except CompressedDetectorError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog='evaluate_tracking', description=__doc__)
    parser.add_argument('bag', type=Path, help='rosbag2 with ground_truth.json')
    parser.add_argument('--topic', default='/camera/image/compressed', help='%(default)s')
    parser.add_argument('--model', default=NodeConfig().model, help='%(default)s')
    parser.add_argument('--label', default='person', help='the class that is scored: %(default)s')
    parser.add_argument(
        '--score-threshold', type=float, default=DetectionSettings().score_threshold,
        help='of the detector: %(default)s',
    )
    parser.add_argument('--confirm-frames', type=int, nargs='+', default=[1, 2, 3])
    parser.add_argument('--hold-time', type=float, nargs='+', default=[0.0, 0.5, 1.0])
    return parser


def _run(arguments: argparse.Namespace) -> None:
    choices = [
        TrackingSettings(tracking=True, track_confirm_frames=frames, track_hold_time=hold)
        for frames, hold in itertools.product(arguments.confirm_frames, arguments.hold_time)
    ]
    settings = DetectionSettings(score_threshold=arguments.score_threshold)
    truth = load_ground_truth(arguments.bag / 'ground_truth.json', arguments.label)
    detector = Detector.load(find_manifest(arguments.model, model_folders()), num_threads=2)
    if arguments.label not in detector.labels:
        raise EvaluationError(
            f'--label: expected a class of {arguments.model}, got {arguments.label!r}; '
            f'known: {", ".join(detector.labels)}'
        )
    detections, size = _detect(detector, settings, arguments.bag, arguments.topic)
    _print(detections, size, truth, choices, detector.labels.index(arguments.label))


def _detect(
    detector: Detector, settings: DetectionSettings, bag: Path, topic: str
) -> tuple[dict[int, Detections], tuple[int, int]]:
    """Return the detections in every image by stamp (ns), and the size of the last one."""
    detections = {}
    width = height = 0
    for stamp_ns, image in bag_images(bag, topic):
        detections[stamp_ns] = detector.detect(image, settings)
        height, width = image.shape[:2]
    return detections, (width, height)


def _print(
    detections: dict[int, Detections], size: tuple[int, int], truth: Sequence[FrameTruth],
    choices: Sequence[TrackingSettings], class_id: int,
) -> None:
    table = Table(
        'tracking', 'missed', 'false reports', 'reports', 'interrupted', 'ids', box=SIMPLE_HEAD,
    )
    plain = stability(detections, truth, class_id, IOU_THRESHOLD)
    table.add_row('off', *_cells(plain), '')
    for settings in choices:
        tracks = track(detections, size, settings)
        reported = {stamp_ns: found.detections for stamp_ns, found in tracks.items()}
        ids = {
            int(number) for found in tracks.values()
            for number in found.ids[found.detections.class_ids == class_id]
        }
        name = (f'confirmed by {settings.track_confirm_frames} frames, '
                f'held for {settings.track_hold_time} s')
        figures = stability(reported, truth, class_id, IOU_THRESHOLD)
        table.add_row(name, *_cells(figures), str(len(ids)))
    console = Console(width=100)
    console.print(f'{len(detections)} frames, {len(truth)} annotated with {plain.objects} objects')
    console.print(table)


def _cells(figures: Stability) -> list[str]:
    return [str(figures.missed), str(figures.false_reports), str(figures.reports),
            str(figures.interruptions)]


if __name__ == '__main__':
    sys.exit(main())
