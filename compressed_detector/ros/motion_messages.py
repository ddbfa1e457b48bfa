# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How obstacles move, as a ROS 2 message."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sensor_msgs.msg import PointCloud2

from compressed_detector.detection.obstacles import Obstacles
from compressed_detector.detection.types import Floats
from compressed_detector.ros.point_clouds import to_point_cloud

_POINT = np.dtype([
    ('x', '<f4'), ('y', '<f4'), ('z', '<f4'), ('vx', '<f4'), ('vy', '<f4'), ('vz', '<f4'),
    ('id', '<u4'),
])


def to_velocity_cloud(
    obstacles: Obstacles, ids: npt.NDArray[np.int64], velocities_m_s: Floats, header: Any
) -> PointCloud2:
    """
    Return one point for each tracked obstacle, as radars report theirs (vision_msgs has no speed).

    Fields: x, y, z of the centre in metres and vx, vy, vz in metres per second, optical frame,
    float32, velocities NaN until they are known; id, uint32, that of the Detection3D. Seen from
    a moving robot, velocities are relative to its camera.
    """
    points = np.zeros(len(obstacles), _POINT)
    for column, name in enumerate('xyz'):
        points[name] = obstacles.centres_m[:, column]
        points[f'v{name}'] = velocities_m_s[:, column]
    points['id'] = ids
    return to_point_cloud(points, header, is_dense=False)
