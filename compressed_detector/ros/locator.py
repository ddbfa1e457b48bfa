# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From detections to obstacles in metres, with what a camera and the robot know of space."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.config import CameraSettings
from compressed_detector.detection.camera_model import CameraModel, Mounting
from compressed_detector.detection.obstacles import Obstacles, locate
from compressed_detector.detection.ranging import Ranges, combine, from_depth, from_ground_plane
from compressed_detector.detection.scan import ScanSettings, ScanView
from compressed_detector.detection.types import Detections
from compressed_detector.errors import RangingError

_DEPTH_DTYPES = {'16UC1': np.uint16, 'mono16': np.uint16, '32FC1': np.float32}


class Locator:
    """
    Ranges a camera's detections by depth image, else by the floor it is mounted over.

    Where ranges are asked for and cannot be had, it raises RangingError that says why: an empty
    cloud would tell Nav2 that the way is free.
    """

    def __init__(self) -> None:
        self._view_key: object = None
        self._view: tuple[CameraModel, ScanView]

    def locate(
        self,
        detections: Detections,
        image_size: tuple[int, int],
        camera_info: Any | None,
        depth: Any | None,
        mounting: Mounting | None,
        settings: CameraSettings,
    ) -> tuple[Obstacles, ScanView]:
        """
        Return the obstacles of one image and how a scan of it looks.

        ``image_size`` is width and height in pixels; ``camera_info`` and ``depth`` are messages.
        Raises RangingError.
        """
        if camera_info is None:
            raise RangingError('no camera_info has arrived; set camera_info_topic')
        if depth is None and mounting is None:
            raise RangingError(
                f'no depth image of the time of the image on {settings.depth_topic}'
                if settings.depth_topic else 'the mounting of the camera is not known'
            )
        camera, view = self._view_of(camera_info, image_size, mounting, settings)
        ranges = Ranges.unknown(len(detections))
        if depth is not None:
            ranges = from_depth(detections.boxes_xyxy, depth_array(depth), image_size, settings)
        if mounting is not None:
            on_floor = from_ground_plane(detections.boxes_xyxy, camera, mounting, settings)
            ranges = combine(ranges, on_floor)
        return locate(detections, ranges, camera, mounting), view

    def _view_of(
        self, info: Any, image_size: tuple[int, int], mounting: Mounting | None,
        settings: CameraSettings,
    ) -> tuple[CameraModel, ScanView]:
        """Return camera and scan view; they stay the same from frame to frame, and cost ms."""
        scan = ScanSettings(
            settings.scan_range_min, settings.scan_range_max, settings.scan_angle_increment
        )
        key = (_description(info), settings.images_rectified, image_size, mounting, scan)
        if key != self._view_key:
            model = CameraModel.from_camera_info(info, settings.images_rectified)
            camera = model.scaled(*image_size)
            self._view, self._view_key = (camera, ScanView.of(camera, mounting, scan)), key
        return self._view


def wants_ranges(settings: CameraSettings) -> bool:
    """Whether a camera is set up so that ranges can be expected of it."""
    return bool(settings.depth_topic or settings.base_frame or settings.camera_height)


def depth_array(message: Any) -> npt.NDArray[Any]:
    """
    Return a depth image message as (H, W): uint16 millimetres or float32 metres, without a copy.

    Raises RangingError for another encoding (REP-118) or a message shorter than it says.
    """
    dtype = _DEPTH_DTYPES.get(message.encoding)
    if dtype is None:
        raise RangingError(
            f'depth image: expected an encoding of {sorted(_DEPTH_DTYPES)}, got '
            f'{message.encoding!r}'
        )
    stored = np.dtype(dtype).newbyteorder('>' if message.is_bigendian else '<')
    row = message.width * stored.itemsize
    data = np.frombuffer(message.data, np.uint8)
    if message.step < row or data.size < message.step * message.height or not data.size:
        raise RangingError(
            f'depth image: expected {message.height} rows of at least {row} bytes, got '
            f'{data.size} bytes in rows of {message.step}'
        )
    rows = data[:message.step * message.height].reshape(message.height, message.step)[:, :row]
    return np.ascontiguousarray(rows).view(stored).astype(dtype, copy=False)


def _description(info: Any) -> tuple[Any, ...]:
    """Return what of a camera_info describes the camera, comparable."""
    roi = info.roi
    return (
        info.width, info.height, tuple(info.k), tuple(info.p), info.distortion_model,
        tuple(info.d), info.binning_x, info.binning_y,
        (roi.x_offset, roi.y_offset, roi.width, roi.height),
    )
