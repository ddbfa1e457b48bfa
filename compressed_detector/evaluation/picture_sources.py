# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Frames that are files: a folder of pictures, a video."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from compressed_detector.detection.camera_model import CameraModel
from compressed_detector.detection.types import Image
from compressed_detector.errors import EvaluationError, ImageError
from compressed_detector.evaluation.sources import Frame

PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')
VIDEOS = ('.avi', '.mp4', '.mkv', '.mov', '.m4v', '.webm', '.mpg', '.mpeg')


class PictureFrames:
    """Pictures of a folder that have nothing to do with each other; stamps are their numbers."""

    sequential = False

    def __init__(self, folder: Path, names: Sequence[str] = ()) -> None:
        """Take these files, by default all pictures in the folder; raises EvaluationError."""
        self.name = folder.resolve().name
        self.cameras: tuple[str, ...] = ('pictures',)
        self._paths = [folder / name for name in names] or sorted(
            path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
        if not self._paths:
            raise EvaluationError(f'{folder}: expected pictures ({", ".join(PICTURES)}) or a '
                                  'rosbag2 with metadata.yaml, got neither')
        if missing := [str(path) for path in self._paths if not path.is_file()]:
            raise EvaluationError(f'{folder}: expected {len(self._paths)} pictures, '
                                  f'{len(missing)} of them are missing, first {missing[0]}')
        self.frame_count = len(self._paths)

    def frames(self) -> Iterator[Frame]:
        """Yield the pictures in their order."""
        for index, path in enumerate(self._paths):
            yield Frame(self.cameras[0], index, index, functools.partial(_read, path))

    def calibration(self, camera: str) -> CameraModel | None:
        """Return None: pictures have no calibration."""
        return None


class VideoFrames:
    """The frames of a video file; their stamps are those of the film, from 0."""

    sequential = True

    def __init__(self, path: Path) -> None:
        """Open the file; raises EvaluationError when OpenCV cannot."""
        self._path = path
        self.name = path.stem
        self.cameras: tuple[str, ...] = (path.name,)
        video = self._open()
        # Some containers do not say it; then there is no telling before the end.
        self.frame_count = max(0, int(video.get(cv2.CAP_PROP_FRAME_COUNT)))
        video.release()

    def frames(self) -> Iterator[Frame]:
        """Yield the frames; a decoder of its own reads them."""
        video = self._open()
        index, first_ms = 0, None
        try:
            while video.grab():
                now_ms = video.get(cv2.CAP_PROP_POS_MSEC)
                first_ms = now_ms if first_ms is None else first_ms
                stamp_ns = round((now_ms - first_ms) * 1e6)
                yield Frame(self.cameras[0], stamp_ns, index, functools.partial(_retrieve, video))
                index += 1
        finally:
            video.release()

    def calibration(self, camera: str) -> CameraModel | None:
        """Return None: a video has no calibration."""
        return None

    def _open(self) -> cv2.VideoCapture:
        video = cv2.VideoCapture(str(self._path))
        if not video.isOpened():
            raise EvaluationError(f'{self._path}: expected a video that OpenCV can decode; '
                                  'convert it, for instance with: ffmpeg -i IN OUT.mp4')
        return video


def _read(path: Path) -> Image:
    image: Image | None = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ImageError('file', f'expected a picture {path}, cannot read it')
    return image


def _retrieve(video: cv2.VideoCapture) -> Image:
    whole, image = video.retrieve()
    if not whole:
        raise ImageError('video', 'expected a frame, the decoder gives none')
    return np.asarray(image, np.uint8)
