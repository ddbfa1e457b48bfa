# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run: annotated frames, a contact sheet, a film, histograms."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np

from compressed_detector.detection.drawing import draw
from compressed_detector.detection.letterbox import Letterbox
from compressed_detector.detection.types import Floats, Image
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation.frame_scores import FrameScore

matplotlib.use('Agg')
from matplotlib import pyplot as plt

FOUND_BGR, MISSED_BGR = (255, 255, 255), (60, 60, 255)
SHEET_TILE_WIDTH = 448
BLUE, GREY = '#3b7dd8', '#9aa5b1'


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
    return _rows(small, columns)


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


def learning_curves_png(curves: Mapping[str, Sequence[float]]) -> bytes:
    """Return curves by name over the epochs, each in a plot of its own, as PNG."""
    figure, plots = plt.subplots(
        1, len(curves), figsize=(2.6 * len(curves), 2.4), layout='constrained', squeeze=False)
    for axes, (name, values) in zip(plots[0], curves.items()):
        axes.plot(range(1, len(values) + 1), values, color=BLUE)
        axes.set_title(name, fontsize=9)
        axes.set_xlabel('epoch')
        axes.spines[['top', 'right']].set_visible(False)
    return png(figure)


def weight_histograms_png(before: Mapping[str, Floats], after: Mapping[str, Floats]) -> bytes:
    """
    Return histograms of the weights by layer, as PNG: grey before, blue after.

    Zeros are not shown: where most weights were removed, nothing else could be seen.
    """
    columns = 6
    rows = -(-len(after) // columns)
    figure, plots = plt.subplots(
        rows, columns, figsize=(2 * columns, 1.2 * rows), layout='constrained', squeeze=False)
    for axes in plots.flat:
        axes.set_axis_off()
    for axes, (name, weights) in zip(plots.flat, after.items()):
        limit = max(float(np.abs(weights).max()), 1e-9)
        for values, colour in ((before.get(name), GREY), (weights, BLUE)):
            if values is not None:
                axes.hist(values[values != 0], bins=80, range=(-limit, limit), color=colour,
                          alpha=0.7)
        axes.set_title(name, fontsize=8)
    return png(figure)


def side_by_side(pairs: Sequence[tuple[Image, Image]]) -> Image:
    """Return pairs of BGR images in one picture, two pairs in a row."""
    width, height = SHEET_TILE_WIDTH, SHEET_TILE_WIDTH * 3 // 4
    return _rows([_fitted(tile, width, height) for pair in pairs for tile in pair], 4)


def _rows(tiles: Sequence[Image], columns: int) -> Image:
    """Return tiles of one size in one picture, row by row; those that lack are black."""
    filled = [*tiles, *[np.zeros_like(tiles[0])] * (-len(tiles) % columns)]
    rows = [np.hstack(filled[start:start + columns]) for start in range(0, len(filled), columns)]
    sheet: Image = np.vstack(rows)
    return sheet


def jpeg(image: Image) -> bytes:
    """Return a BGR image as JPEG."""
    return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def _fitted(image: Image, width: int, height: int) -> Image:
    return Letterbox(image.shape[1], image.shape[0], width, height).apply(image, 255)


def png(figure: Any) -> bytes:
    """Return a figure of matplotlib as PNG, and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=130)
    plt.close(figure)
    return buffer.getvalue()
