# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The level frame of the scan, as a static transform below the camera's optical frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode

from compressed_detector.detection.types import Floats
from compressed_detector.ros.obstacle_messages import to_scan_transform

try:
    from tf2_ros import StaticTransformBroadcaster
except ImportError:  # a machine without a ROS distribution
    StaticTransformBroadcaster = None


class ScanFrame:
    """Publishes the scan's frame whenever it changes."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._broadcaster = StaticTransformBroadcaster and StaticTransformBroadcaster(node)
        self._published: tuple[str, str, bytes] | None = None

    def publish(self, axes: Floats, header: Any, frame: str) -> None:
        """Publish the frame with these level axes (3, 3) unless it is published already."""
        current = (header.frame_id, frame, np.asarray(axes, np.float32).tobytes())
        if current == self._published:
            return
        self._published = current
        if self._broadcaster is None:
            self._node.get_logger().warning(
                f'tf2_ros is not installed: somebody else must publish the frame {frame!r}'
            )
        else:
            self._broadcaster.sendTransform(to_scan_transform(axes, header, frame))

    def close(self) -> None:
        """Take the frame off the graph."""
        if self._broadcaster is not None:
            self._node.destroy_publisher(self._broadcaster.pub_tf)
