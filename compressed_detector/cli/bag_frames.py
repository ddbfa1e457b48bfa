# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures to learn from that are still in a bag: written out once, to look at and to label."""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
from pathlib import Path

import cv2

from compressed_detector.bags import BagSource, RecordedTopic
from compressed_detector.cli.progress import Progress, open_progress
from compressed_detector.compression.files import refuse_existing
from compressed_detector.errors import BagError, ImageError
from compressed_detector.evaluation.sources import BagFrames, image_topics

# Of every camera, evenly spread over the bag: neighbours are nearly the same picture.
MOST_FRAMES = 1000
QUALITY = 95


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command frames to compress_model."""
    parser = commands.add_parser(
        'frames', help='write the pictures of a bag as files, for example to label them',
        description='Write NNNNNN.jpg, where NNNNNN counts the images of the topic from 0; those '
                    'of several topics into a folder each. build takes bags as they are.',
    )
    parser.add_argument('bag', type=Path, help='folder with metadata.yaml, .mcap or .db3')
    parser.add_argument('--output', type=Path, required=True, metavar='DIR', help='a new folder')
    parser.add_argument(
        '--most', type=int, default=MOST_FRAMES, metavar='N',
        help='of every topic, evenly spread (default %(default)s)',
    )
    parser.set_defaults(run=run_frames)


def run_frames(arguments: argparse.Namespace) -> None:
    """Write the pictures and say how many."""
    if arguments.most < 1:
        raise BagError(f'--most: expected 1 or more, got {arguments.most}')
    refuse_existing([arguments.output], force=False)
    with open_progress() as progress:
        write_frames(arguments.bag, arguments.output, progress, arguments.most)
    count = sum(1 for _ in arguments.output.rglob('*.jpg'))
    print(f'wrote {count} pictures into {arguments.output}')


def is_bag(path: Path) -> bool:
    """Whether a path is that of a rosbag2, and not a folder of pictures."""
    return path.suffix in ('.mcap', '.db3') or (path / 'metadata.yaml').is_file()


def pictures_in(images: Path | None, work: Path, progress: Progress) -> Path | None:
    """
    Return the folder of pictures: the given one or, for a bag, one below ``work``.

    It is made once. Raises BagError for a bag that cannot be read or holds no pictures.
    """
    if images is None or not is_bag(images):
        return images
    with BagSource(images) as source:
        facts = [(topic.name, topic.message_count) for topic in _cameras(source)]
        key = repr((facts, source.first_ns, source.last_ns, MOST_FRAMES))
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    folder = work / f'frames_{images.stem}_{digest}'
    if not folder.exists():
        write_frames(images, folder, progress)
    return folder


def write_frames(
    bag: Path, folder: Path, progress: Progress, most: int = MOST_FRAMES
) -> None:
    """Write the pictures of a bag into a folder that appears when all are there; BagError."""
    with BagSource(bag) as source:
        cameras, described = _cameras(source), source.describe()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.partial-', dir=folder.parent) as parent:
        partial = Path(parent) / 'frames'
        written = 0
        for topic in cameras:
            below = partial / topic.name.strip('/') if len(cameras) > 1 else partial
            written += _write_topic(bag, topic, below, progress, most)
        if not written:
            raise BagError(f'{bag}: expected images that are pictures, got none; the bag holds '
                           f'{described}')
        os.replace(partial, folder)


def _cameras(source: BagSource) -> list[RecordedTopic]:
    found = image_topics(source)
    if not found:
        raise BagError(f'{source.path}: expected a topic with images, got none; the bag holds '
                       f'{source.describe()}')
    return found


def _write_topic(
    bag: Path, topic: RecordedTopic, folder: Path, progress: Progress, most: int
) -> int:
    """Return how many images of a topic were pictures; depth images, for example, are none."""
    step, written = -(-topic.message_count // most), 0
    for frame in BagFrames(bag, [topic.name]).frames():
        progress(f'frames of {topic.name}', frame.index + 1, topic.message_count)
        if frame.index % step:
            continue
        try:
            image = frame.decode()
        except ImageError:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f'{frame.index:06d}.jpg'), image,
                    [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        written += 1
    return written
