# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From space to the picture, by OpenCV's lens models: the way back of CameraModel.rays."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from compressed_detector.detection.camera_model import CameraModel, Floats64
from compressed_detector.detection.distortion import EQUIDISTANT


def project(camera: CameraModel, points_xyz: npt.ArrayLike) -> Floats64:
    """
    Return where points (N, 3) of the optical frame, metres, appear: (N, 2), pixels of boxes.

    Only points in front of the camera appear; the others are no error, but mean nothing.
    """
    points = np.asarray(points_xyz, np.float64).reshape(-1, 1, 3)
    if not len(points):  # OpenCV refuses
        return np.zeros((0, 2))
    matrix = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])
    none = np.zeros(3)
    coefficients = np.array(camera.distortion or (0.0,) * 4)
    if camera.distortion_model == EQUIDISTANT:
        pixels, _ = cv2.fisheye.projectPoints(points, none, none, matrix, coefficients)
    else:
        pixels, _ = cv2.projectPoints(points, none, none, matrix, coefficients)
    # OpenCV counts from the centre of the first pixel, boxes from its corner.
    return np.asarray(pixels, np.float64).reshape(-1, 2) + 0.5
