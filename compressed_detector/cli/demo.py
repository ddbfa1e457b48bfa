# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Evaluate the sample bag, in this process and through the real node over DDS, and compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from compressed_detector.cli import evaluate_bag
from compressed_detector.cli.exit_code import exit_code
from compressed_detector.config import DetectionSettings, NodeConfig
from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.manifest import Manifest
from compressed_detector.detection.types import Detections
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation import pictures
from compressed_detector.evaluation.coco_truth import load_ground_truth
from compressed_detector.evaluation.frame_scores import score_frames
from compressed_detector.evaluation.same_answers import largest_difference, recorded_detections
from compressed_detector.evaluation.sources import bag_images
from compressed_detector.resources import model_folders

IMAGES = '/camera/image/compressed'
CLASS, IOU_THRESHOLD = 'person', 0.5
# Pixels of a box, and scores: the node and the evaluation compute the same.
TOLERANCE = 1e-3


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit code."""
    arguments = _parser().parse_args(argv)
    return exit_code(lambda: _run(arguments.bag, arguments.params_file, arguments.output))


def _run(bag: Path, params_file: Path, output: Path) -> None:
    manifest_path = find_manifest(NodeConfig().model, model_folders())
    labels = Manifest.from_json(manifest_path.read_text(encoding='utf-8')).labels
    _evaluate(bag, output / 'offline', '--offline')
    _evaluate(bag, output / 'live', '--live', '--video', '--params-file', str(params_file))
    answers = Path(manifest_path.stem) / bag.resolve().name
    live = recorded_detections(output / 'live' / answers, labels)
    _compare(recorded_detections(output / 'offline' / answers, labels), live)
    sheet = _write_sheet(bag, output, live, labels)
    film = (output / 'live' / answers).with_suffix('.mp4')
    print(f'look at {output / "live" / "report.html"}, {output / "offline" / "report.html"}, '
          f'{film} and {sheet}')


def _evaluate(bag: Path, output: Path, *options: str) -> None:
    print(f'evaluate_bag {options[0]}', flush=True)
    code = evaluate_bag.main([str(bag), '--topics', IMAGES, '--output', str(output), '--force',
                              *options])
    if code:
        raise EvaluationError(f'evaluate_bag {options[0]} ended with exit code {code}')


def _compare(offline: dict[int, Detections], live: dict[int, Detections]) -> None:
    """Say that both agree, or raise EvaluationError."""
    frames, difference = largest_difference(offline, live)
    if not frames or difference > TOLERANCE:
        raise EvaluationError(
            f'expected the node to report what the evaluation does, to {TOLERANCE:g} pixels, got '
            f'a difference of {difference:g} in {frames} frames; does another detector run in '
            'this ROS domain?')
    print(f'live and offline agree on all {frames} frames that both looked at: the largest '
          f'difference is {difference:.1g} pixels')


def _write_sheet(
    bag: Path, output: Path, detections: dict[int, Detections], labels: Sequence[str]
) -> Path:
    """Draw the annotated frames with what the node reported, and return the picture's path."""
    truth = load_ground_truth(bag / 'ground_truth.json', CLASS)
    scores = {score.stamp_ns: score for score in score_frames(
        detections, truth, labels.index(CLASS), DetectionSettings().score_threshold,
        IOU_THRESHOLD)}
    tiles = [pictures.draw_score(image, scores[stamp_ns], labels)
             for stamp_ns, image in bag_images(bag, IMAGES) if stamp_ns in scores]
    path = output / 'contact_sheet.png'
    cv2.imwrite(str(path), pictures.contact_sheet(tiles))
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--bag', type=Path, default=Path('test/data/pedestrians'),
                        help='rosbag2 with ground_truth.json (default: %(default)s)')
    parser.add_argument('--params-file', type=Path, default=Path('config/detector.yaml'),
                        help='parameters of the node (default: %(default)s)')
    parser.add_argument('--output', type=Path, default=Path('out/demo'),
                        help='folder for the results (default: %(default)s)')
    return parser


if __name__ == '__main__':
    sys.exit(main())
