# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A short film of squares with depth, shown to a running node, and all that it says about it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np
from harness import Graph, image_message
from live_node import Ears, run_for
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image, LaserScan, PointCloud2
from vision_msgs.msg import Detection2DArray, Detection3DArray
from visualization_msgs.msg import MarkerArray

WIDTH, HEIGHT, FOCAL_PX = 64, 60, 60.0
OUTPUTS = {
    'detections': Detection2DArray, 'obstacles': Detection3DArray,
    'obstacles/points': PointCloud2, 'obstacles/scan': LaserScan, 'markers': MarkerArray,
}
CLASSES = ('first_channel', 'second_channel', 'third_channel')
# Row, column (cells of 16 pixels), channel. The first moves by a cell, the second comes later,
# the third is cut by the bottom of the image; on the last frame nothing is left.
SCENES = (
    ((0, 0, 0), (3, 2, 1)),
    ((0, 1, 0), (3, 2, 1), (1, 2, 1)),
    ((0, 1, 0), (3, 2, 1), (1, 2, 1)),
    (),
)
STEP_NS = 20_000_000


def tiny_cells(cells: Iterable[tuple[int, int, int]]) -> np.ndarray:
    """Return a picture of squares that fill cells of stride 16 of the tiny model."""
    network = np.zeros((WIDTH, WIDTH, 3), np.uint8)
    for row, column, channel in cells:
        network[16 * row:16 * row + 16, 16 * column:16 * column + 16, channel] = 200
    return network[2:62]  # which the letterbox puts back


def calibration() -> CameraInfo:
    """Return a camera without distortion that looks along its axis."""
    return CameraInfo(
        width=WIDTH, height=HEIGHT, distortion_model='plumb_bob', d=[0.0] * 5,
        k=[FOCAL_PX, 0.0, WIDTH / 2, 0.0, FOCAL_PX, HEIGHT / 2, 0.0, 0.0, 1.0],
    )


def depth_message(metres: np.ndarray, encoding: str) -> Image:
    """Return a depth image (H, W), 0 where unknown, as 16UC1 or 32FC1."""
    if encoding == '16UC1':
        values = np.rint(metres * 1000).astype(np.uint16)
    else:
        values = np.where(metres > 0, metres, np.nan).astype(np.float32)
    height, width = metres.shape
    message = Image(height=height, width=width, step=values.strides[0], encoding=encoding)
    message.data = array('B', values.tobytes())
    return message


def half_a_depth_image() -> np.ndarray:
    """Return depth, metres, at half the resolution: a slope on the left, with holes."""
    rows, columns = np.mgrid[:HEIGHT // 2, :WIDTH // 2]
    valid = (columns < WIDTH // 4) & ((rows + columns) % 4 > 0)
    return np.where(valid, 1.5 + 0.02 * columns + 0.01 * rows, 0)


class Film:
    """Shows the film again and again, each time a minute later."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._start_ns = graph, 0
        self._ears = {name: Ears(graph, kind, f'/detector/{name}')
                      for name, kind in OUTPUTS.items()}
        self._infos = self._publisher(CameraInfo, '/camera_info')
        self._depths = self._publisher(Image, '/depth')
        self._images = self._publisher(Image, '/image')
        graph.wait_for_status(lambda _, values: values.get('image publishers') == '1')
        for name in OUTPUTS:
            graph.wait_until(lambda name=name: graph.node.count_publishers(f'/detector/{name}'))

    def show(self) -> list[Any]:
        """Return what was said about each frame, comparable between two shows."""
        self._start_ns += 60 * 10**9
        for ears in self._ears.values():
            ears.forget()
        self._infos.publish(calibration())
        depth = depth_message(half_a_depth_image(), '16UC1')
        depth.header.stamp = Time(nanoseconds=self._start_ns + 3 * STEP_NS // 2).to_msg()
        self._depths.publish(depth)
        run_for(self._graph, 0.02)
        for number, scene in enumerate(SCENES):
            message = image_message(tiny_cells(scene))
            stamp = Time(nanoseconds=self._start_ns + number * STEP_NS)
            message.header.stamp = stamp.to_msg()
            self._images.publish(message)
            for ears in self._ears.values():
                ears.wait_for(number + 1)
        return self._summary()

    def _publisher(self, kind: type, topic: str) -> Any:
        publisher = self._graph.node.create_publisher(kind, topic, QoSProfile(depth=10))
        self._graph.wait_until(publisher.get_subscription_count)
        return publisher

    def _summary(self) -> list[Any]:
        ids: dict[str, int] = {'': 0}
        heard = [ears.messages for ears in self._ears.values()]
        return [
            (
                [(ids.setdefault(item.id, len(ids)), item.results[0].hypothesis.class_id,
                  item.bbox.center.position.x, item.bbox.center.position.y)
                 for item in found.detections],
                [(item.bbox.center.position.x, item.bbox.center.position.z, item.bbox.size.y,
                  float(np.abs(item.results[0].pose.covariance).sum()))
                 for item in obstacles.detections],
                cloud.width,
                (scan.range_min, scan.range_max, scan.angle_increment,
                 float(np.sum(np.asarray(scan.ranges)[np.isfinite(scan.ranges)]))),
                [(marker.ns, marker.lifetime.sec) for marker in markers.markers],
            )
            for found, obstacles, cloud, scan, markers in zip(*heard)
        ]
