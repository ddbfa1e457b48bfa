# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
How Nav2 reads scans and point clouds, written down again from its source (1.1 to 1.5).

Every function names the source that it follows; where releases differ, `release` decides. Frames
are given as 4x4 matrices from the message's frame to the target frame, in place of TF.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import yaml

FREE, LETHAL, UNTOUCHED = 0, 254, 127


def read_points(cloud: Any) -> list[tuple[float, float, float]]:
    """sensor_msgs/point_cloud2_iterator.hpp: PointCloud2IteratorBase::set_field, ++, !=."""
    offsets = []
    for name in 'xyz':
        found = [field.offset for field in cloud.fields if field.name == name]
        if not found:
            raise RuntimeError(f'Field {name} does not exist')
        offsets.append(found[0])
    assert cloud.point_step > 0, 'the iterator would never reach its end'
    data = bytes(cloud.data)
    order = '>' if cloud.is_bigendian else '<'
    return [
        tuple(struct.unpack_from(f'{order}f', data, start + offset)[0] for offset in offsets)
        for start in range(0, len(data), cloud.point_step)
    ]


def transformed(transform: np.ndarray, point: tuple[float, float, float]) -> tuple[float, ...]:
    return tuple((transform @ (*point, 1.0))[:3])


# ---- nav2_collision_monitor


def source_is_valid(stamp_s: float, now_s: float, source_timeout_s: float) -> bool:
    """source.cpp: Source::sourceValid."""
    return source_timeout_s == 0.0 or now_s - stamp_s <= source_timeout_s


def cloud_in_base(cloud: Any, to_base: np.ndarray, source: Mapping[str, Any]) -> list[Any]:
    """pointcloud.cpp: PointCloud::getSourceData (Jazzy: getData)."""
    points = []
    for point in read_points(cloud):
        if math.hypot(*point) < source.get('min_range', 0.0):
            continue
        x, y, z = transformed(to_base, point)
        if source.get('min_height', 0.05) <= z <= source.get('max_height', 0.5):
            points.append((x, y))
    return points


def scan_in_base(scan: Any, to_base: np.ndarray) -> list[Any]:
    """scan.cpp: Scan::getSourceData; the angle is summed up in a float."""
    points, angle = [], np.float32(scan.angle_min)
    for value in scan.ranges:
        if scan.range_min <= value <= scan.range_max:
            x, y, _ = transformed(
                to_base, (value * math.cos(angle), value * math.sin(angle), 0.0)
            )
            points.append((x, y))
        angle += np.float32(scan.angle_increment)
    return points


def is_inside(x: float, y: float, polygon: list[list[float]]) -> bool:
    """nav2_util/geometry_utils.hpp: isPointInsidePolygon (ray crossings)."""
    inside = False
    for (xi, yi), (xj, yj) in zip([polygon[-1], *polygon[:-1]], polygon):
        if (y <= yi) == (y > yj) and xi + (y - yi) * (xj - xi) / (yj - yi) > x:
            inside = not inside
    return inside


class CollisionMonitor:
    """The monitor as configured: says which polygon decides, as in CollisionMonitor::process."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = parameters

    def decide(self, clouds: Mapping[str, tuple[Any, np.ndarray]], now_s: float) -> list[str]:
        """Return the names of the triggered polygons, or 'invalid source', which means stop."""
        collected = {}
        for name in self.parameters['observation_sources']:
            source = self.parameters[name]
            timeout_s = source.get('source_timeout', self.parameters.get('source_timeout', 2.0))
            cloud, to_base = clouds.get(name, (None, None))
            if cloud is None or not source_is_valid(stamp_of(cloud), now_s, timeout_s):
                if timeout_s != 0.0:
                    return ['invalid source']
                continue
            collected[name] = cloud_in_base(cloud, to_base, source)
        return [
            name for name in self.parameters['polygons']
            if self._is_triggered(self.parameters[name], collected)
        ]

    def _is_triggered(self, polygon: Mapping[str, Any], collected: Mapping[str, Any]) -> bool:
        """polygon.cpp: Polygon::isTriggered and getPointsInside over sources_names."""
        corners = yaml.safe_load(polygon['points'])
        sources = polygon.get('sources_names', self.parameters['observation_sources'])
        points = [point for name in sources for point in collected.get(name, [])]
        return sum(is_inside(x, y, corners) for x, y in points) >= polygon.get('min_points', 4)


def stamp_of(message: Any) -> float:
    return message.header.stamp.sec + message.header.stamp.nanosec * 1e-9


# ---- nav2_costmap_2d


class ObstacleLayer:
    """A rolling costmap with one ObstacleLayer: plugins/obstacle_layer.cpp."""

    def __init__(self, layer: Mapping[str, Any], source: str, size_m: float = 20.0,
                 resolution_m: float = 0.05, release: str = 'lyrical') -> None:
        self.layer, self.source, self.release = layer, layer[source], release
        self.resolution_m, self.half_m = resolution_m, size_m / 2
        cells = round(size_m / resolution_m)
        self.cells = np.full((cells, cells), UNTOUCHED, np.uint8)  # [y, x]

    def update(self, scan: Any, to_global: np.ndarray) -> None:
        """updateBounds for a single new observation: first clear, then mark."""
        origin = transformed(to_global, (0.0, 0.0, 0.0))
        points = [transformed(to_global, point) for point in self._project(scan)]
        low = self.source.get('min_obstacle_height', 0.0)
        high = self.source.get('max_obstacle_height', 0.0)
        # observation_buffer.cpp: ObservationBuffer::bufferCloud
        points = [point for point in points if low <= point[2] <= high]
        if self.source.get('clearing', False):
            for point in points:
                self._raytrace(origin, point)
        if self.source.get('marking', True):
            for point in points:
                self._mark(origin, point)

    def lethal_m(self) -> np.ndarray:
        """The centres of the lethal cells (N, 2), metres."""
        y, x = np.nonzero(self.cells == LETHAL)
        return (np.stack([x, y], axis=1) + 0.5) * self.resolution_m - self.half_m

    def mark(self, x: float, y: float) -> None:
        """An obstacle from earlier."""
        self.cells[self._cell(y), self._cell(x)] = LETHAL

    def _project(self, scan: Any) -> Iterator[tuple[float, float, float]]:
        """laserScanValidInfCallback or laserScanCallback, then laser_geometry's projectLaser_."""
        for i, value in enumerate(scan.ranges):
            if self.source.get('inf_is_valid', False) and not math.isfinite(value) and value > 0:
                value = float(np.float32(scan.range_max) - np.float32(0.0001))
            if scan.range_min <= value < scan.range_max:
                angle = scan.angle_min + i * scan.angle_increment
                yield value * math.cos(angle), value * math.sin(angle), 0.0

    def _mark(self, origin: tuple[float, ...], point: tuple[float, ...]) -> None:
        low = self.layer.get('min_obstacle_height', 0.0)
        high = self.layer.get('max_obstacle_height', 2.0)
        near = self.source.get('obstacle_min_range', 0.0)
        far = self.source.get('obstacle_max_range', 2.5)
        # Kilted measures in space and excludes the limit, the others in the plane.
        axes = 3 if self.release == 'kilted' else 2
        distance = math.dist(origin[:axes], point[:axes])
        too_far = distance >= far if self.release == 'kilted' else distance > far
        if not low <= point[2] <= high or too_far or distance < near:
            return
        if max(abs(point[0]), abs(point[1])) < self.half_m:
            self.cells[self._cell(point[1]), self._cell(point[0])] = LETHAL

    def _raytrace(self, origin: tuple[float, ...], point: tuple[float, ...]) -> None:
        """raytraceFreespace: cut the ray at the border of the map, then walk its cells."""
        direction = np.subtract(point[:2], origin[:2])
        with np.errstate(divide='ignore'):
            room = (np.copysign(self.half_m - 0.001, direction) - origin[:2]) / direction
        end = origin[:2] + direction * min(1.0, room.min())
        self._walk(*(self._cell(value) for value in (*origin[:2], *end)))

    def _walk(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """nav2_util/raytrace_line_2d.hpp: raytraceLine and bresenham2D."""
        farthest = math.ceil(self.source.get('raytrace_max_range', 3.0) / self.resolution_m)
        nearest = math.ceil(self.source.get('raytrace_min_range', 0.0) / self.resolution_m)
        distance = math.hypot(x1 - x0, y1 - y0)
        if distance < nearest:
            return
        if distance > 0:
            x, y = (int(x0 + (x1 - x0) / distance * nearest),
                    int(y0 + (y1 - y0) / distance * nearest))
        else:
            x, y = x0, y0
        dx, dy = x1 - x, y1 - y
        scale = min(1.0, farthest / distance) if distance else 1.0
        steep = abs(dy) > abs(dx)
        long, short = (abs(dy), abs(dx)) if steep else (abs(dx), abs(dy))
        step_x, step_y = (1 if dx > 0 else -1), (1 if dy > 0 else -1)
        error = long // 2
        for _ in range(int(scale * long)):
            self.cells[y, x] = FREE
            x, y = (x, y + step_y) if steep else (x + step_x, y)
            error += short
            if error >= long:
                x, y = (x + step_x, y) if steep else (x, y + step_y)
                error -= long
        self.cells[y, x] = FREE

    def _cell(self, value_m: float) -> int:
        return int((value_m + self.half_m) / self.resolution_m)
