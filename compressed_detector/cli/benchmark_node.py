# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""benchmark_model node: the real node process, from the stamp of an image to its answer."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from compressed_detector.benchmark.machine import Others, describe
from compressed_detector.benchmark.node_figures import node_figures
from compressed_detector.cli import bag_frames, benchmark_display
from compressed_detector.cli.progress import Progress, open_progress
from compressed_detector.compression import files
from compressed_detector.compression.pictures import find_images, read_image
from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.types import Image
from compressed_detector.resources import model_folders
from compressed_detector.ros.bench_camera import Condition
from compressed_detector.ros.node_run import run_node

RESULTS = 'node.json'
PICTURES = 16


def run(arguments: argparse.Namespace) -> None:
    """Measure, write and show; raises CompressedDetectorError."""
    manifest = find_manifest(arguments.model, model_folders())
    files.refuse_existing([arguments.output / RESULTS], arguments.force)
    # A domain of its own keeps it apart from whatever else talks on this network.
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randint(1, 100)))
    with open_progress() as progress:
        pictures = _pictures(arguments.images, arguments.work, progress)
        others = Others()
        found = _conditions(arguments, manifest, pictures, progress)
    results = {
        'machine': describe(['rclpy', 'ai-edge-litert', 'tflite-runtime', 'numpy']),
        'others_processors': others.processors(),
        'model': manifest.stem,
        'num_threads': arguments.num_threads,
        'pictures': 'noise' if arguments.images is None else arguments.images.name,
        'conditions': found,
    }
    files.write_together(
        arguments.output, {RESULTS: json.dumps(results, indent=1).encode() + b'\n'}, force=True)
    benchmark_display.show_node(results)
    print(f'wrote {arguments.output / RESULTS}')


def _conditions(
    arguments: argparse.Namespace, manifest: Path, pictures: Sequence[Image], progress: Progress
) -> list[dict[str, object]]:
    command = [
        sys.executable, '-m', 'compressed_detector.cli.detector_node', '--ros-args',
        '--log-level', 'warn', '-p', f'model:={manifest.resolve()}',
        '-p', f'num_threads:={arguments.num_threads}',
    ]
    conditions = [
        Condition(width, height, transport, rate)
        for (width, height), transport, rate in itertools.product(
            arguments.sizes, arguments.transports, arguments.rates)
    ]
    found = []
    for number, condition in enumerate(conditions):
        seen = run_node(command, condition, arguments.frames, pictures)
        found.append({**dataclasses.asdict(condition), **node_figures(**vars(seen))})
        progress('the node before a camera', number + 1, len(conditions))
    return found


def _pictures(images: Path | None, work: Path, progress: Progress) -> list[Image]:
    """Return pictures from a folder or a bag, evenly spread, or one of noise."""
    folder = bag_frames.pictures_in(images, work, progress)
    if folder is None:
        coarse = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
        return [cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)]
    paths = find_images(folder)
    return [read_image(path) for path in paths[::max(len(paths) // PICTURES, 1)]]
