# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A camera on a robot and things in front of it, in plain trigonometry, for the tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.ranging import Method, Ranges
from compressed_detector.detection.types import Detections

# One pixel is a hundredth of the distance; the corner of the image is (-3, -2) from the axis.
CAMERA = CameraModel(600, 400, 100.0, 100.0, 299.5, 199.5)
# REP-103: the body's x forward, y left, z up are the optical frame's z, -x, -y.
BODY_FROM_OPTICAL = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], float)


@dataclass(frozen=True)
class Thing:
    """An upright box: the centre of its near side on the floor (x, y of base_link), and sizes."""

    x: float
    y: float = 0.0
    width: float = 0.5
    depth: float = 0.3
    height: float = 1.7
    bottom: float = 0.0

    def surface(self) -> np.ndarray:
        """Return points (N, 3) of its upright edges in base_link, two centimetres apart."""
        heights = np.linspace(
            self.bottom, self.bottom + self.height, 2 + math.ceil(self.height / 0.02)
        )
        return np.array(list(product(
            (self.x, self.x + self.depth), (self.y - self.width / 2, self.y + self.width / 2),
            heights,
        )))


@dataclass(frozen=True)
class Rig:
    """A camera without distortion at x_m ahead of base_link, which lies on the floor."""

    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    height_m: float = 0.5
    x_m: float = 0.2
    width: int = 640
    height: int = 480
    focal: float = 579.4  # 45 degrees of vertical field of view

    @property
    def camera(self) -> CameraModel:
        return CameraModel(
            self.width, self.height, self.focal, self.focal, self.width / 2 - 0.5,
            self.height / 2 - 0.5,
        )

    @property
    def mounting(self) -> Mounting:
        return Mounting(self.height_m, math.radians(self.pitch_deg), math.radians(self.roll_deg))

    @property
    def base_from_optical(self) -> np.ndarray:
        """Return the transform (4, 4), from roll and pitch about fixed axes (REP-103)."""
        p, r = math.radians(self.pitch_deg), math.radians(self.roll_deg)
        pitch = np.array(
            [[math.cos(p), 0, math.sin(p)], [0, 1, 0], [-math.sin(p), 0, math.cos(p)]]
        )
        roll = np.array([[1, 0, 0], [0, math.cos(r), -math.sin(r)], [0, math.sin(r), math.cos(r)]])
        return rigid(pitch @ roll @ BODY_FROM_OPTICAL, (self.x_m, 0.0, self.height_m))

    @property
    def base_from_scan(self) -> np.ndarray:
        """Return where a level frame at the camera would be."""
        return rigid(np.eye(3), (self.x_m, 0.0, self.height_m))

    def see(self, things: Sequence[Thing]) -> Detections:
        """Return the boxes around what is in view of the things."""
        boxes = [box for thing in things if (box := self._box(thing)) is not None]
        return Detections(
            np.reshape(boxes, (-1, 4)).astype(np.float32), np.full(len(boxes), 0.9, np.float32),
            np.zeros(len(boxes), np.int32),
        )

    def _box(self, thing: Thing) -> np.ndarray | None:
        optical_from_base = np.linalg.inv(self.base_from_optical)
        points = thing.surface() @ optical_from_base[:3, :3].T + optical_from_base[:3, 3]
        points = points[points[:, 2] > 0.05]
        pixels = points[:, :2] / points[:, 2:] * self.focal + (self.width / 2, self.height / 2)
        inside = (pixels[:, 1] >= 0) & (pixels[:, 1] <= self.height)
        if not inside.any():
            return None
        box = np.concatenate([pixels[inside].min(axis=0), pixels[inside].max(axis=0)])
        # Edges beside the image belong to a face that fills it in between.
        box = np.clip(box, 0, (self.width, self.height, self.width, self.height))
        # The points are some pixels apart: what leaves the image does so at its border.
        if (~inside & (pixels[:, 1] > self.height)).any():
            box[3] = self.height
        if (~inside & (pixels[:, 1] < 0)).any():
            box[1] = 0
        return box if (box[2:] - box[:2] > 2).all() else None


def rigid(rotation: np.ndarray, translation: Sequence[float]) -> np.ndarray:
    """Return a transform (4, 4)."""
    transform = np.eye(4)
    transform[:3, :3], transform[:3, 3] = rotation, translation
    return transform


def detections(*boxes: Sequence[float]) -> Detections:
    """Return boxes as detections of class 0, 1, 2... with falling scores."""
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4), np.linspace(0.9, 0.5, count, dtype=np.float32),
        np.arange(count, dtype=np.int32),
    )


def ranges(*forward_m: float, method: Method = Method.DEPTH, clamped: bool = False) -> Ranges:
    """Return ranges in metres with a deviation of 0.1 m."""
    count = len(forward_m)
    return Ranges(
        np.array(forward_m, np.float32), np.full(count, 0.1, np.float32),
        np.full(count, method, np.uint8), np.full(count, clamped),
    )
