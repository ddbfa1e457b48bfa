# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a detector did wrong, cut out of the frames: of a whole recording only these are kept."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar, cast

import cv2
import numpy as np

from compressed_detector.detection.types import Image
from compressed_detector.errors import ImageError
from compressed_detector.evaluation.columns import Floats64
from compressed_detector.evaluation.pictures import FOUND_BGR, MISSED_BGR, jpeg
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.sources import Frame, FrameSource
from compressed_detector.evaluation.worst import Failure

SIDE_PX, LEAST_PX = 288, 96
REPORTED_BGR = (60, 220, 255)
Key = TypeVar('Key')


def cut_out(
    sources: Mapping[str, FrameSource], recordings: Mapping[Key, Sequence[Recording]],
    failures: Mapping[Key, Sequence[Failure]], score_threshold: float,
) -> dict[tuple[Key, int], bytes]:
    """
    Return a JPEG of each failure, by its key and its place.

    Every source is read once more, and only frames with a failure are decoded. Red is what went
    wrong, white what is truly there, yellow what the detector reports.
    """
    wanted: dict[str, dict[tuple[str, int], list[tuple[Key, int]]]] = {}
    for key, items in failures.items():
        for place, failure in enumerate(items):
            recording = recordings[key][failure.recording]
            index = int(recording.frames.indices[failure.frame])
            frames = wanted.setdefault(recording.source, {})
            frames.setdefault((recording.camera, index), []).append((key, place))
    found = {}
    for name, frames in wanted.items():
        for frame in _of(sources[name], frames.keys()):
            for key, place in frames[frame.camera, frame.index]:
                failure = failures[key][place]
                recording = recordings[key][failure.recording]
                # Offline it was decoded before; what only the node decoded may be odd.
                with contextlib.suppress(ImageError):
                    found[key, place] = jpeg(
                        _crop(frame.decode(), recording, failure, score_threshold))
    return found


def _of(source: FrameSource, wanted: Collection[tuple[str, int]]) -> Iterator[Frame]:
    """Yield the frames with these cameras and numbers, and read no further than the last."""
    left = len(wanted)
    for frame in source.frames():
        if (frame.camera, frame.index) in wanted:
            yield frame
            left -= 1
            if not left:
                return


def _crop(image: Image, recording: Recording, failure: Failure, score_threshold: float) -> Image:
    """Return a square around a failure, with all boxes of its frame in it."""
    left, top, side = _square(failure.box_xyxy, image.shape[1], image.shape[0])
    scale = SIDE_PX / side
    part = cv2.resize(image[top:top + side, left:left + side], (SIDE_PX, SIDE_PX),
                      interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    canvas = cast(Image, np.ascontiguousarray(part))
    objects, reports = recording.objects, recording.reports
    there = objects.boxes_xyxy[(objects.frames == failure.frame) & ~objects.ignored]
    said = reports.boxes_xyxy[
        (reports.frames == failure.frame) & (reports.scores >= score_threshold)]
    for boxes, colour, width in ((there, FOUND_BGR, 1), (said, REPORTED_BGR, 1),
                                 (failure.box_xyxy[None], MISSED_BGR, 3)):
        for box in (boxes - np.tile([left, top], 2)) * scale:
            x1, y1, x2, y2 = (round(float(value)) for value in box)
            cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, width)
    return canvas


def _square(box_xyxy: Floats64, width: int, height: int) -> tuple[int, int, int]:
    """Return left, top and side of the square to show, inside the image."""
    sides = box_xyxy[2:] - box_xyxy[:2]
    side = min(max(round(float(sides.max()) * 1.8), LEAST_PX), width, height)
    left, top = (round(float(centre) - side / 2) for centre in (box_xyxy[:2] + box_xyxy[2:]) / 2)
    return min(max(left, 0), width - side), min(max(top, 0), height - side), side
