# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""OpenCV's projection: the oracle for rays and ranges."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from compressed_detector.detection.camera_model import CameraModel

Array = npt.NDArray[np.float64]


def project(camera: CameraModel, points_xyz: npt.ArrayLike) -> Array:
    """Return where points (N, 3) of the optical frame appear, (N, 2), in pixels of boxes."""
    points = np.asarray(points_xyz, np.float64).reshape(-1, 1, 3)
    if not len(points):  # OpenCV refuses
        return np.zeros((0, 2))
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    none = np.zeros(3)
    coefficients = np.array(camera.distortion or (0.0,) * 4)
    if camera.distortion_model == 'equidistant':
        pixels, _ = cv2.fisheye.projectPoints(points, none, none, matrix, coefficients)
    else:
        pixels, _ = cv2.projectPoints(points, none, none, matrix, coefficients)
    # OpenCV counts from the centre of the first pixel, boxes from its corner.
    return np.asarray(pixels, np.float64).reshape(-1, 2) + 0.5
