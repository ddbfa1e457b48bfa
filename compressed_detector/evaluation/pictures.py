# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run: annotated frames, a contact sheet, a film, a latency histogram."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np

from compressed_detector.detection.drawing import draw
from compressed_detector.detection.types import Floats, Image
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.live import FrameScore

matplotlib.use('Agg')
from matplotlib import pyplot as plt

FOUND_BGR, MISSED_BGR = (255, 255, 255), (60, 60, 255)
SHEET_TILE_WIDTH = 448


def draw_score(image: Image, frame: FrameScore, labels: Sequence[str]) -> Image:
    """Return a BGR image with detections and true objects: found ones white, missed ones red."""
    canvas = draw(image, frame.detected, labels)
    for box, found in zip(frame.truth.boxes_xyxy, frame.found):
        left, top, right, bottom = (round(float(side)) for side in box)
        colour = FOUND_BGR if found else MISSED_BGR
        cv2.rectangle(canvas, (left, top), (right, bottom), colour, 1 if found else 2)
    return canvas


def contact_sheet(tiles: Sequence[Image]) -> Image:
    """Return BGR images of one size in one picture, row by row; tiles that lack are black."""
    columns = min((4, 5, 3), key=lambda count: -len(tiles) % count)
    height, width = tiles[0].shape[:2]
    size = (SHEET_TILE_WIDTH, round(height * SHEET_TILE_WIDTH / width))
    small = [cv2.resize(tile, size, interpolation=cv2.INTER_AREA) for tile in tiles]
    small += [np.zeros_like(small[0])] * (-len(small) % columns)
    rows = [np.hstack(small[start:start + columns]) for start in range(0, len(small), columns)]
    sheet: Image = np.vstack(rows)
    return sheet


def write_video(path: Path, frames: Iterable[Image], fps: float) -> None:
    """Write BGR images of one size as MP4; raises EvaluationError when no encoder is there."""
    writer = None
    for frame in frames:
        if writer is None:
            size = (frame.shape[1], frame.shape[0])
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), fps, size)
            if not writer.isOpened():
                raise EvaluationError(f'{path}: OpenCV was built without an MP4 encoder; install '
                                      'opencv-python-headless from the package index')
        writer.write(frame)
    if writer is not None:
        writer.release()


def latency_histogram_png(latencies_ms: Floats) -> bytes:
    """Return a histogram of latencies (ms) as PNG."""
    figure, axes = plt.subplots(figsize=(7, 2.6), layout='constrained')
    axes.hist(latencies_ms, bins=30, color='#3b7dd8')
    axes.set_xlabel('latency, image to detections (ms)')
    axes.set_ylabel('frames')
    axes.spines[['top', 'right']].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=130)
    plt.close(figure)
    return buffer.getvalue()
