# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How a camera is mounted: as parameters say, or as TF says."""

from __future__ import annotations

from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.time import Time

from compressed_detector.config import CameraSettings
from compressed_detector.detection.camera_model import Mounting
from compressed_detector.errors import RangingError

try:
    from tf2_ros import Buffer, TransformException, TransformListener
except ImportError:  # a machine without a ROS distribution
    Buffer = None


class Mountings:
    """Tells how cameras are mounted; listens to TF only when a camera asks for it."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._buffer: Any = None

    def of(self, settings: CameraSettings, optical_frame: str) -> Mounting | None:
        """
        Return the mounting of a camera; None when neither parameters nor TF are to state it.

        Raises RangingError when TF is asked and does not know.
        """
        if settings.base_frame:
            return self._from_tf(settings.base_frame, optical_frame)
        if not settings.camera_height:
            return None
        return Mounting(settings.camera_height, settings.camera_pitch, settings.camera_roll)

    def close(self) -> None:
        """Stop listening to TF."""
        if self._buffer is not None:
            self._listener.unregister()
            self._buffer = None

    def _from_tf(self, base_frame: str, optical_frame: str) -> Mounting:
        if Buffer is None:
            raise RangingError(
                'base_frame needs tf2_ros, which is not installed; set camera_height instead'
            )
        if self._buffer is None:
            self._buffer = Buffer()
            self._listener = TransformListener(self._buffer, self._node)
        try:
            found = self._buffer.lookup_transform(base_frame, optical_frame, Time())
        except TransformException as error:
            raise RangingError(f'TF does not know {optical_frame!r} in {base_frame!r}: {error}'
                               ) from error
        return Mounting.from_transform(found.transform)
