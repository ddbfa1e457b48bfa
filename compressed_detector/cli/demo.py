# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Play the sample bag through the real node over DDS and show what came out."""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rclpy.serialization import deserialize_message
from rich.console import Console
from rich.table import Table
from vision_msgs.msg import Detection2DArray

from compressed_detector.config import NodeConfig
from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.detection_arrays import from_detection_array
from compressed_detector.detection.drawing import draw
from compressed_detector.detection.manifest import Manifest
from compressed_detector.detection.types import Detections, Image
from compressed_detector.errors import CompressedDetectorError
from compressed_detector.evaluation import live, pictures, report
from compressed_detector.evaluation.coco_truth import load_ground_truth
from compressed_detector.evaluation.sources import bag_images
from compressed_detector.resources import model_folders
from compressed_detector.ros.detection_bag import write_detections
from compressed_detector.ros.live_run import Observed, run_live

CAMERA = '/camera/image'
IMAGES = f'{CAMERA}/compressed'
FPS = 10.0
IOU_THRESHOLD = 0.5
SCORE_THRESHOLD = 0.35


def main(argv: list[str] | None = None) -> int:
    """Run the demo; return the exit code."""
    arguments = _parser().parse_args(argv)
    # A domain of its own keeps the demo apart from whatever else talks on this network.
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randint(1, 100)))
    try:
        _run(arguments.bag, arguments.params_file, arguments.output)
    except CompressedDetectorError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


def _run(bag: Path, params_file: Path, output: Path) -> None:
    manifest_path = find_manifest(NodeConfig().model, model_folders())
    manifest = Manifest.from_json(manifest_path.read_text(encoding='utf-8'))
    observed = _play(bag, params_file)
    run = _summarize(observed, manifest.labels)
    truth = load_ground_truth(bag / 'ground_truth.json', 'person')
    scored = live.score_frames(
        run.detections, truth, manifest.labels.index('person'), SCORE_THRESHOLD, IOU_THRESHOLD
    )
    figures = live.metrics(run, scored)
    output.mkdir(parents=True, exist_ok=True)
    (output / 'metrics.json').write_text(json.dumps(figures, indent=2) + '\n', encoding='utf-8')
    _write_bag(output / 'detections', observed.answers)
    _write_pictures(bag, output, run, scored, manifest, figures)
    _print_table(figures, output)


def _play(bag: Path, params_file: Path) -> Observed:
    """Start the node the way a user would, and play the bag to it from another process."""
    scripts = Path(sys.executable).parent
    node = [
        str(scripts / 'detector_node'), '--ros-args', '--params-file', str(params_file),
        '-p', 'image_transport:=compressed', '-r', f'image:={CAMERA}',
    ]
    # The recorder is a second subscriber beside the node: wait for both.
    replay = [
        str(scripts / 'replay_bag'), str(bag), '--topics', IMAGES, '--wait-for-subscribers', '2',
    ]
    return run_live(node, replay, IMAGES)


def _summarize(observed: Observed, labels: tuple[str, ...]) -> live.LiveRun:
    counts = observed.counts
    return live.LiveRun(
        frames_published=observed.frames_published,
        frames_received=int(counts['frames received']),
        frames_processed=int(counts['frames processed']),
        frames_replaced=int(counts['frames replaced by newer']),
        frames_undecodable=int(counts['frames undecodable']),
        detections={
            stamp_ns: from_detection_array(deserialize_message(answer, Detection2DArray), labels)
            for stamp_ns, answer in observed.answers.items()
        },
        latencies_ms=np.array(list(observed.latencies_ms.values()), np.float32),
    )


def _write_bag(folder: Path, answers: Mapping[int, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    write_detections(folder, {'/detector/detections': sorted(answers.items())})


def _write_pictures(
    bag: Path,
    output: Path,
    run: live.LiveRun,
    scored: list[live.FrameScore],
    manifest: Manifest,
    figures: Mapping[str, Any],
) -> None:
    by_stamp = {frame.stamp_ns: frame for frame in scored}
    tiles = []

    def film() -> Iterator[Image]:
        for stamp_ns, image in bag_images(bag, IMAGES):
            if stamp_ns in by_stamp:
                tiles.append(pictures.draw_score(image, by_stamp[stamp_ns], manifest.labels))
            yield draw(image, run.detections.get(stamp_ns, Detections.empty()), manifest.labels)

    pictures.write_video(output / 'annotated.mp4', film(), FPS)
    sheet = pictures.contact_sheet(tiles)
    cv2.imwrite(str(output / 'contact_sheet.png'), sheet)
    page = report.render(
        'compressed_detector on the sample bag', _facts(bag, manifest), figures,
        {
            'Detections with their scores; hand-drawn people: found (white), missed (red)':
                cv2.imencode('.jpg', sheet, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes(),
            'Latency': pictures.latency_histogram_png(run.latencies_ms),
        },
        'annotated.mp4',
    )
    (output / 'report.html').write_text(page, encoding='utf-8')


def _facts(bag: Path, manifest: Manifest) -> dict[str, str]:
    return {
        'model': manifest.name,
        'bag': f'{bag.name}, {IMAGES}',
        'path': 'two processes over DDS, recorded timing',
        'recall counted at': f'IoU {IOU_THRESHOLD}, score {SCORE_THRESHOLD}',
        'machine': f'{platform.machine()}, {os.cpu_count()} CPUs',
        'versions': f'Python {platform.python_version()}, NumPy {np.__version__}, '
                    f'OpenCV {cv2.__version__}',
    }


def _print_table(figures: Mapping[str, Any], output: Path) -> None:
    table = Table(title='compressed_detector on the sample bag', show_header=False)
    for name, value in report.rows(figures):
        table.add_row(name, value)
    console = Console()
    console.print(table)
    console.print(f'look at {output / "report.html"} and {output / "contact_sheet.png"}')


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
