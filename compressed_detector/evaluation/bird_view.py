# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A frame beside the same moment from above: what the detector tells a robot about the space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import matplotlib
import numpy as np

from compressed_detector.detection.camera_model import Floats64
from compressed_detector.detection.drawing import draw
from compressed_detector.detection.obstacles import Obstacles
from compressed_detector.detection.scan import ScanView
from compressed_detector.detection.types import Detections, Floats, Image

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

FREE, UNSEEN, HIT = '#cfe8cf', '#e3e3e3', '#d62728'
BOX, CLAMPED, POINT = '#1f77b4', '#ff7f0e', '#111111'
MARGIN = 1.15


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame and everything that was made of it; arrays as their modules describe them."""

    image: Image
    detections: Detections
    obstacles: Obstacles
    points: Floats
    view: ScanView
    ranges: Floats


def bird_view(moment: Moment, labels: Sequence[str], reach_m: float | None = None) -> Image:
    """
    Return a BGR picture: the frame with boxes and ranges, beside the view from above.

    From above: beams as far as they are free (green) or not seen (grey), where they hit (red),
    the points of the cloud (black), boxes (blue, orange where the object may be nearer than
    drawn). reach_m is how far the picture goes; by default beyond the farthest obstacle.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12.8, 4.8), dpi=100, layout='constrained',
        gridspec_kw={'width_ratios': [4, 3]},
    )
    left.imshow(cv2.cvtColor(_annotated(moment, labels), cv2.COLOR_BGR2RGB))
    left.set_axis_off()
    if reach_m is None:
        farthest = float(moment.obstacles.forward_m.max(initial=2.0)) * MARGIN
        reach_m = min(farthest, moment.view.settings.range_max_m)
    _draw_scan(right, moment, reach_m)
    _draw_obstacles(right, moment.obstacles, labels)
    forward, leftward = _from_above(moment.points, moment.obstacles)
    right.scatter(leftward, forward, s=1.5, c=POINT, linewidths=0, zorder=4, label='cloud')
    _finish(right, reach_m, moment.view)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())  # type: ignore[attr-defined]
    plt.close(figure)
    picture: Image = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGR)
    return picture


def _annotated(moment: Moment, labels: Sequence[str]) -> Image:
    """Return the frame with boxes, scores, and the range under each box that has one."""
    canvas = draw(moment.image, moment.detections, labels)
    obstacles = moment.obstacles
    for row, forward, clamped in zip(obstacles.rows, obstacles.forward_m, obstacles.clamped):
        left, _, _, bottom = moment.detections.boxes_xyxy[row]
        text = f'{"< " if clamped else ""}{forward:.1f} m'
        place = (round(float(left)), min(round(float(bottom)) + 14, canvas.shape[0] - 4))
        for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(
                canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness,
                cv2.LINE_AA,
            )
    return canvas


def _draw_scan(axes: Any, moment: Moment, reach_m: float) -> None:
    directions = np.stack(
        [np.sin(moment.view.angles_rad), np.cos(moment.view.angles_rad)], axis=1
    )
    ranges = moment.ranges
    hit = np.isfinite(ranges)
    for beams, colour, label in (
        (np.isnan(ranges), UNSEEN, 'scan: not seen so far'),
        (~np.isnan(ranges), FREE, 'scan: free'),
    ):
        ends = directions * np.where(hit, ranges, 2 * reach_m)[:, None]
        lines = np.stack([np.zeros_like(ends), ends], axis=1)[beams]
        axes.add_collection(
            LineCollection(list(lines), colors=colour, linewidths=1.5, zorder=1, label=label)
        )
    ends = directions[hit] * ranges[hit, None]
    axes.scatter(ends[:, 0], ends[:, 1], s=6, c=HIT, linewidths=0, zorder=3, label='scan: hit')


def _draw_obstacles(axes: Any, obstacles: Obstacles, labels: Sequence[str]) -> None:
    right, _, forward = (obstacles.centres_m @ obstacles.axes).T
    for x, z, size, std, clamped, class_id in zip(
        right, forward, obstacles.sizes_m, obstacles.std_m, obstacles.clamped,
        obstacles.class_ids,
    ):
        colour = CLAMPED if clamped else BOX
        width, _, depth = size
        axes.add_patch(Rectangle(
            (-x - width / 2, z - depth / 2), width, depth, fill=False, edgecolor=colour,
            linewidth=1.8, zorder=5,
        ))
        near = z - depth / 2
        axes.plot([-x, -x], [near - std, near + std], color=colour, linewidth=1, zorder=5)
        axes.annotate(
            f'{labels[class_id]} {near:.1f} m', (-x, z + depth / 2), (0, 4),
            textcoords='offset points', ha='center', fontsize=8, zorder=6,
        )


def _from_above(points: Floats, obstacles: Obstacles) -> tuple[Floats64, Floats64]:
    level = points.astype(np.float64) @ obstacles.axes
    return level[:, 2], -level[:, 0]


def _finish(axes: Any, reach_m: float, view: ScanView) -> None:
    axes.plot(0, 0, marker='^', color=POINT, markersize=9, zorder=6)
    half = reach_m * max(0.5, 1.1 * float(np.sin(np.abs(view.angles_rad).max())))
    axes.set(
        xlim=(half, -half), ylim=(-0.04 * reach_m, reach_m), aspect='equal',
        xlabel='left of the camera (m)', ylabel='ahead of the camera (m)',
    )
    nearest, farthest = view.floor_ahead_m
    if 0 < nearest < farthest:
        axes.axhline(nearest, color='#888888', linewidth=0.8, linestyle=':', zorder=2)
        axes.annotate(
            'nearest floor in the image', (-half, nearest), (-2, 2), textcoords='offset points',
            ha='right', fontsize=7, color='#666666',
        )
    axes.legend(loc='lower left', fontsize=7, frameon=False)
    axes.spines[['top', 'right']].set_visible(False)
