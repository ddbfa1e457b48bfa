#!/usr/bin/env python3
# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Draw the hand-drawn people of a sample bag over its frames, as one picture to check by eye."""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from rosbags.rosbag2 import Reader, ReaderError
from rosbags.typesys import Stores, get_typestore

from compressed_detector.errors import BagError, CompressedDetectorError, EvaluationError

IMAGE_TYPE = 'sensor_msgs/msg/CompressedImage'
TYPE_STORE = get_typestore(Stores.ROS2_HUMBLE)
VISIBLE_BGR, HIDDEN_BGR, IGNORED_BGR = (0, 255, 0), (0, 165, 255), (255, 0, 255)

Image = npt.NDArray[np.uint8]
Record = dict[str, Any]


def read_frames(bag: Path, stamps_ns: Sequence[int]) -> list[Image]:
    """
    Decode the compressed images with these header stamps, in the order of the stamps.

    Raise BagError when the bag is unreadable or lacks one of them.
    """
    wanted, found = set(stamps_ns), dict[int, Image]()
    try:
        with Reader(bag) as reader:
            connections = [c for c in reader.connections if c.msgtype == IMAGE_TYPE]
            for _, _, data in reader.messages(connections=connections):
                message: Any = TYPE_STORE.deserialize_cdr(data, IMAGE_TYPE)
                stamp = message.header.stamp
                stamp_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
                if stamp_ns in wanted:
                    found[stamp_ns] = _decode(message.data, stamp_ns)
    except (ReaderError, OSError) as error:
        raise BagError(f'{bag} cannot be read as a rosbag2: {error}') from error
    missing = sorted(wanted - found.keys())
    if missing:
        raise BagError(f'{bag} has no {IMAGE_TYPE} with stamp {missing[0]} ns; give its own truth')
    return [found[stamp_ns] for stamp_ns in stamps_ns]


def _decode(data: npt.NDArray[np.uint8], stamp_ns: int) -> Image:
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if image is None:
        raise BagError(f'the image with stamp {stamp_ns} ns cannot be decoded')
    return np.asarray(image, dtype=np.uint8)


def load_truth(path: Path) -> tuple[list[Record], list[Record]]:
    """
    Load images and annotations of a COCO file whose images carry `stamp_ns`.

    Raise EvaluationError when it is no such file.
    """
    try:
        truth = json.loads(path.read_text(encoding='utf-8'))
        needed = {'id', 'stamp_ns', 'bag_index'}
        images = [image for image in truth['images'] if needed <= image.keys()]
        annotations: list[Record] = truth['annotations']
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f'{path} is not a COCO file: {error!r}') from error
    if not images:
        raise EvaluationError(f'{path} has no image with id, stamp_ns and bag_index')
    return images, annotations


def choose_images(images: list[Record], bag_indices: Sequence[int] | None) -> list[Record]:
    """Choose the images with these bag indices, or four spread evenly over all of them."""
    if not bag_indices:
        last = len(images) - 1
        return [images[round(k * last / 3)] for k in range(min(4, len(images)))]
    by_index = {image['bag_index']: image for image in images}
    unknown = sorted(set(bag_indices) - by_index.keys())
    if unknown:
        raise EvaluationError(f'frame {unknown[0]} is not annotated; choose from {[*by_index]}')
    return [by_index[index] for index in bag_indices]


def draw_boxes(frame: Image, annotations: Sequence[Record], caption: str) -> Image:
    """
    Draw one-pixel boxes around their pixels: green, orange if partly hidden, pink if ignored.

    A box x, y, w, h covers the pixel columns x to x + w - 1.
    """
    picture: Image = frame.copy()
    for annotation in annotations:
        x, y, width, height = (round(value) for value in annotation['bbox'])
        colour = HIDDEN_BGR if annotation.get('occluded', 0) > 0 else VISIBLE_BGR
        if annotation.get('iscrowd', 0):
            colour = IGNORED_BGR
        cv2.rectangle(picture, (x, y), (x + width - 1, y + height - 1), colour, 1)
    cv2.putText(picture, caption, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 255), 2)
    return picture


def tile(pictures: Sequence[Image]) -> Image:
    """Put pictures of one size into a grid that is as square as possible."""
    columns = math.ceil(math.sqrt(len(pictures)))
    blanks = [np.zeros_like(pictures[0])] * (-len(pictures) % columns)
    cells = [*pictures, *blanks]
    rows = [np.hstack(cells[start:start + columns]) for start in range(0, len(cells), columns)]
    grid: Image = np.vstack(rows)
    return grid


def write_picture(path: Path, picture: Image) -> None:
    """Write a PNG, or a JPEG of quality 70; raise EvaluationError for other names."""
    settings = {'.png': [], '.jpg': [cv2.IMWRITE_JPEG_QUALITY, 70]}
    if path.suffix not in settings:
        raise EvaluationError(f'{path} has to end in one of {[*settings]}')
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), picture, settings[path.suffix]):
        raise EvaluationError(f'{path} cannot be written')


def draw(options: argparse.Namespace) -> int:
    """Write the picture; return the number of people drawn."""
    images, annotations = load_truth(options.ground_truth)
    chosen = choose_images(images, options.frames)
    frames = read_frames(options.bag, [image['stamp_ns'] for image in chosen])
    pictures, people = [], 0
    for image, frame in zip(chosen, frames, strict=True):
        boxes = [a for a in annotations if a['image_id'] == image['id']]
        count = sum(not a.get('iscrowd', 0) for a in boxes)
        pictures.append(draw_boxes(frame, boxes, f'frame {image["bag_index"]}: {count} people'))
        people += count
    write_picture(options.output, tile(pictures))
    return people


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('bag', type=Path, help='folder of the bag')
    parser.add_argument('ground_truth', type=Path, help='COCO file')
    parser.add_argument('--output', type=Path, required=True, help='picture, .png or .jpg')
    parser.add_argument(
        '--frames', type=int, nargs='+', help='bag indices (default: four, evenly spread)'
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = parse_arguments(arguments)
    try:
        people = draw(options)
    except (CompressedDetectorError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{options.output}: {people} people')
    return 0


if __name__ == '__main__':
    sys.exit(main())
