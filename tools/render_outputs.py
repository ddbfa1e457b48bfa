# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Draw what the node publishes for one frame of the sample bag: over the frame and from above.

The mounting of the bag's camera was never measured; the one used here, 6.2 m high and 15 degrees
down, makes the people between 1.65 and 1.95 m tall.

    .venv/bin/python tools/render_outputs.py docs/outputs.jpg
"""

from __future__ import annotations

import argparse
import itertools
import math
from pathlib import Path

import cv2

from compressed_detector.config import CameraSettings, NodeConfig
from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.camera_model import Mounting
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.obstacles import face_points
from compressed_detector.detection.scan import scan_ranges
from compressed_detector.evaluation.bird_view import Moment, bird_view
from compressed_detector.evaluation.sources import bag_images, bag_messages
from compressed_detector.resources import model_folders
from compressed_detector.ros.locator import Locator

BAG = Path(__file__).resolve().parent.parent / 'test' / 'data' / 'pedestrians'
FRAME = 36
MOUNTING = Mounting(6.2, math.radians(15))


def main() -> None:
    """Draw the frame into a picture file."""
    parser = argparse.ArgumentParser(description='Draw what the node publishes for one frame.')
    parser.add_argument('picture', type=Path)
    picture: Path = parser.parse_args().picture
    config, settings = NodeConfig(), CameraSettings(scan_range_max=50.0)
    detector = Detector.load(find_manifest(config.model, model_folders()), config.num_threads)
    images = bag_images(BAG, '/camera/image/compressed')
    _, image = next(itertools.islice(images, FRAME, None))
    info = next(bag_messages(BAG, '/camera/camera_info'))
    detections = detector.detect(image, config)
    obstacles, view = Locator().locate(
        detections, (image.shape[1], image.shape[0]), info, None, MOUNTING, settings
    )
    moment = Moment(
        image, detections, obstacles, face_points(obstacles), view, scan_ranges(obstacles, view)
    )
    cv2.imwrite(str(picture), bird_view(moment, detector.labels))


if __name__ == '__main__':
    main()
