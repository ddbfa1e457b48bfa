#!/usr/bin/env python3
# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Write a stretch of a video as a rosbag2 (MCAP) of compressed images and camera info."""

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from compressed_detector.errors import BagError, CompressedDetectorError

IMAGE_TOPIC = '/camera/image/compressed'
INFO_TOPIC = '/camera/camera_info'
FRAME_ID = 'camera_optical_frame'
# What compressed_image_transport writes for a JPEG of a bgr8 image.
JPEG_FORMAT = 'bgr8; jpeg compressed bgr8'
# The video carries no time of day: the bag starts at 2026-01-01 00:00:00 UTC.
START_STAMP_NS = 1_767_225_600_000_000_000
# Version 8 keeps the QoS profiles as a string, which Humble and its successors read;
# version 9 makes them a list, on which Humble stops with "bad conversion".
METADATA_VERSION: Final = 8
# Both message types have the same definition and type hash from Humble to Lyrical.
TYPE_STORE = get_typestore(Stores.ROS2_HUMBLE)
# Reliable, because such a publisher also serves best-effort subscriptions; durations of zero
# mean "unspecified", the only value that all middlewares take back at playback.
QOS = Qos(
    QosHistory.KEEP_LAST,
    10,
    QosReliability.RELIABLE,
    QosDurability.VOLATILE,
    QosTime(0, 0),
    QosTime(0, 0),
    QosLiveliness.AUTOMATIC,
    QosTime(0, 0),
    avoid_ros_namespace_conventions=False,
)

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Clip:
    """Hold consecutive frames of a video, BGR (height, width, 3), and their distance in ns."""

    frames: list[Image]
    period_ns: int


def read_clip(video: Path, first: int, count: int) -> Clip:
    """
    Decode `count` frames from frame `first` on.

    It reads from the start of the file, because seeking is inexact in many codecs.
    Raise BagError when the file cannot be decoded or is too short.
    """
    if not video.is_file():
        raise BagError(f'{video} is no file; give a video that OpenCV decodes')
    capture = cv2.VideoCapture(str(video))
    try:
        fps = capture.get(cv2.CAP_PROP_FPS)
        if not capture.isOpened() or fps <= 0:
            raise BagError(f'{video} is no video; give one that OpenCV decodes')
        frames: list[Image] = []
        for index in range(first + count):
            if not capture.grab():
                raise BagError(
                    f'{video} has {index} frames, but frames {first} to {first + count - 1} '
                    'were asked for; lower --first or --frames'
                )
            if index >= first:
                frames.append(np.asarray(capture.retrieve()[1], dtype=np.uint8))
    finally:
        capture.release()
    return Clip(frames, round(1e9 / fps))


def encode_jpeg(image: Image, quality: int) -> npt.NDArray[np.uint8]:
    """
    Encode a BGR image as baseline JPEG, shape (bytes,).

    Optimised Huffman tables cost nothing in quality and save 3 % of the bag.
    Raise BagError when OpenCV refuses the image.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    encoded, data = cv2.imencode('.jpg', image, options)
    if not encoded:
        raise BagError(f'OpenCV cannot encode an image of shape {image.shape} as JPEG')
    return np.asarray(data, dtype=np.uint8).reshape(-1)


def make_header(stamp_ns: int) -> Any:
    """Make the std_msgs/Header of one frame."""
    time = TYPE_STORE.types['builtin_interfaces/msg/Time'](*divmod(stamp_ns, 1_000_000_000))
    return TYPE_STORE.types['std_msgs/msg/Header'](time, FRAME_ID)


def make_camera_info(stamp_ns: int, width: int, height: int, hfov_deg: float) -> Any:
    """
    Make the CameraInfo of an ideal camera with square pixels.

    The focal length follows from the horizontal field of view, the principal point is the
    image centre (pixel centres at whole numbers), and the distortion is zero (plumb_bob).
    """
    focal = width / 2 / math.tan(math.radians(hfov_deg) / 2)
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    k = np.array([[focal, 0, centre_x], [0, focal, centre_y], [0, 0, 1]])
    types = TYPE_STORE.types
    return types['sensor_msgs/msg/CameraInfo'](
        header=make_header(stamp_ns),
        height=height,
        width=width,
        distortion_model='plumb_bob',
        d=np.zeros(5),
        k=k.ravel(),
        r=np.eye(3).ravel(),
        p=np.hstack([k, np.zeros((3, 1))]).ravel(),
        binning_x=0,
        binning_y=0,
        roi=types['sensor_msgs/msg/RegionOfInterest'](0, 0, 0, 0, False),
    )


def write_bag(folder: Path, clip: Clip, quality: int, hfov_deg: float) -> None:
    """
    Write `folder` (which must not exist) with metadata.yaml and one .mcap file.

    Each message is logged at its header's stamp. Equal input gives equal bytes as long as
    OpenCV, its JPEG library and rosbags stay the same.
    """
    image_type, info_type = 'sensor_msgs/msg/CompressedImage', 'sensor_msgs/msg/CameraInfo'
    writer = Writer(folder, version=METADATA_VERSION, storage_plugin=StoragePlugin.MCAP)
    with writer:
        images, infos = (
            writer.add_connection(
                topic, msgtype, typestore=TYPE_STORE, offered_qos_profiles=[QOS]
            )
            for topic, msgtype in ((IMAGE_TOPIC, image_type), (INFO_TOPIC, info_type))
        )
        for index, frame in enumerate(clip.frames):
            stamp_ns = START_STAMP_NS + index * clip.period_ns
            height, width = frame.shape[:2]
            info = make_camera_info(stamp_ns, width, height, hfov_deg)
            image = TYPE_STORE.types[image_type](
                make_header(stamp_ns), JPEG_FORMAT, encode_jpeg(frame, quality)
            )
            writer.write(infos, stamp_ns, TYPE_STORE.serialize_cdr(info, info_type))
            writer.write(images, stamp_ns, TYPE_STORE.serialize_cdr(image, image_type))


def bag_files(folder: Path) -> tuple[Path, Path]:
    """Name the two files of the bag in `folder`, in the order in which they are put there."""
    return folder / f'{folder.name}.mcap', folder / 'metadata.yaml'


def make_bag(options: argparse.Namespace) -> int:
    """
    Build the bag beside its place, move it there, and return its size in bytes.

    Other files of the folder are left alone. Raise BagError when the bag exists and
    --force is not given.
    """
    output: Path = options.output.resolve()
    existing = [path for path in bag_files(output) if path.exists()]
    if existing and not options.force:
        raise BagError(f'{existing[0]} exists; give --force to replace it, or another --output')
    clip = read_clip(options.video, options.first, options.frames)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch:
        built = Path(scratch) / output.name
        write_bag(built, clip, options.quality, options.hfov_deg)
        for source, target in zip(bag_files(built), bag_files(output), strict=True):
            os.replace(source, target)
    return sum(path.stat().st_size for path in bag_files(output))


def _whole_number(least: int, most: int | None = None) -> Any:
    def parse(text: str) -> int:
        value = int(text)
        if value < least or (most is not None and value > most):
            limit = f'at least {least}' if most is None else f'{least} to {most}'
            raise argparse.ArgumentTypeError(f'expected {limit}, got {value}')
        return value

    return parse


def _field_of_view(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 179:
        raise argparse.ArgumentTypeError(f'expected 1 to 179 degrees, got {value}')
    return value


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('video', type=Path, help='any video that OpenCV decodes')
    parser.add_argument('--output', type=Path, required=True, help='folder of the bag')
    add = parser.add_argument
    add('--first', type=_whole_number(0), default=0, help='first frame (default %(default)s)')
    add('--frames', type=_whole_number(1), default=80, help='how many (default %(default)s)')
    add('--quality', type=_whole_number(1, 100), default=57, help='JPEG (default %(default)s)')
    parser.add_argument(
        '--hfov-deg',
        type=_field_of_view,
        default=36.0,
        help='nominal horizontal field of view in degrees (default %(default)s)',
    )
    parser.add_argument('--force', action='store_true', help='replace an existing bag')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = parse_arguments(arguments)
    try:
        size_bytes = make_bag(options)
    except (CompressedDetectorError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{options.output}: {options.frames} frames, {size_bytes} bytes')
    return 0


if __name__ == '__main__':
    sys.exit(main())
