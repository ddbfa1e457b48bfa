# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Obstacles as ROS 2 messages, for Nav2, for RViz and for whoever asks what the classes are."""

from __future__ import annotations

import copy
import math
from array import array
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, Quaternion, TransformStamped, Vector3
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import ColorRGBA, Header
from vision_msgs.msg import (
    BoundingBox3D,
    Detection3D,
    Detection3DArray,
    LabelInfo,
    ObjectHypothesisWithPose,
    VisionClass,
    VisionInfo,
)
from visualization_msgs.msg import Marker, MarkerArray

from compressed_detector.detection.obstacles import NEAREST_M, Obstacles
from compressed_detector.detection.scan import ScanView, scan_axes
from compressed_detector.detection.types import Floats
from compressed_detector.ros.point_clouds import to_point_cloud

SURE, CLAMPED = (0.2, 0.8, 0.3, 0.5), (1.0, 0.5, 0.0, 0.6)
TEXT_HEIGHT_M = 0.2
_XYZ = np.dtype([(name, '<f4') for name in 'xyz'])
THINNEST_MARKER_M = 0.01  # RViz complains about a scale of zero


def to_detection3d_array(
    obstacles: Obstacles, labels: Sequence[str], header: Any, ids: Sequence[str] = ()
) -> Detection3DArray:
    """
    Return vision_msgs/Detection3DArray in the optical frame, metres.

    The header is the image's own. Each box stands upright, its axes right, down and forward: the
    orientation is the identity unless the camera is known to be tilted. The hypothesis carries
    the same pose, with the covariance that the range's deviation causes along the line of sight.
    ``ids`` (M,) are those of the tracks, if objects are tracked.
    """
    poses, sizes = _poses(obstacles), obstacles.sizes_m.tolist()
    kinds = zip(obstacles.class_ids.tolist(), obstacles.scores.tolist(), _covariances(obstacles))
    array3d = Detection3DArray(header=header)
    array3d.detections = [
        _to_detection3d(header, pose, size, labels[class_id], score, covariance)
        for pose, size, (class_id, score, covariance) in zip(poses, sizes, kinds)
    ]
    for detection, name in zip(array3d.detections, ids):
        detection.id = name
    return array3d


def _to_detection3d(
    header: Any, pose: Pose, size: list[float], label: str, score: float,
    covariance: npt.NDArray[np.float64],
) -> Detection3D:
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id = label
    result.hypothesis.score = score
    result.pose.pose = pose
    result.pose.covariance = covariance
    x, y, z = size
    box = BoundingBox3D(center=pose, size=Vector3(x=x, y=y, z=z))
    return Detection3D(header=header, results=[result], bbox=box)


def to_cloud(points: Floats, header: Any) -> PointCloud2:
    """Return sensor_msgs/PointCloud2 of points (P, 3), float32, optical frame."""
    rows = np.ascontiguousarray(points, '<f4').reshape(-1, 3)
    return to_point_cloud(rows.view(_XYZ).reshape(-1), header, is_dense=True)


def to_scan(
    ranges: Floats, view: ScanView, header: Any, scan_frame: str, scan_time_s: float = 0.0
) -> LaserScan:
    """
    Return sensor_msgs/LaserScan in the scan frame, stamped with the time of the image.

    scan_time_s is the time between two images, 0 if it is not known. All beams are of one moment.
    """
    first, last = view.angles_rad[[0, -1]].tolist()
    return LaserScan(
        header=Header(stamp=header.stamp, frame_id=scan_frame),
        angle_min=first, angle_max=last, angle_increment=view.settings.angle_increment_rad,
        time_increment=0.0, scan_time=scan_time_s,
        range_min=view.settings.range_min_m, range_max=view.settings.range_max_m,
        ranges=array('f', ranges.tobytes()),
    )


def to_scan_transform(
    axes: npt.ArrayLike, header: Any, scan_frame: str
) -> TransformStamped:
    """
    Return the static transform of the scan frame in the optical frame, for /tf_static.

    axes are those of level_axes. The scan frame hangs on the optical frame, which stays where
    the robot's description puts it.
    """
    transform = TransformStamped(header=header, child_frame_id=scan_frame)
    transform.transform.rotation = _quaternion(scan_axes(axes))
    return transform


def to_markers(
    obstacles: Obstacles, labels: Sequence[str], header: Any, lifetime_s: float = 1.0
) -> MarkerArray:
    """
    Return visualization_msgs/MarkerArray for RViz: a box and a line of text for each obstacle.

    Boxes that may be nearer than drawn are orange. The first marker deletes those of the frame
    before; all vanish after lifetime_s, so that a silent detector leaves nothing behind.
    """
    lifetime = Duration(sec=int(lifetime_s), nanosec=int(lifetime_s % 1 * 1e9))
    cube = Marker(header=header, ns='obstacles', type=Marker.CUBE, lifetime=lifetime)
    line = Marker(
        header=header, ns='labels', type=Marker.TEXT_VIEW_FACING, lifetime=lifetime,
        scale=Vector3(z=TEXT_HEIGHT_M), color=ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0),
    )
    colours = [ColorRGBA(r=r, g=g, b=b, a=a) for r, g, b, a in (SURE, CLAMPED)]
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for number, (pose, (x, y, z), clamped, (text, place)) in enumerate(zip(
        _poses(obstacles), np.maximum(obstacles.sizes_m, THINNEST_MARKER_M).tolist(),
        obstacles.clamped.tolist(), _texts(obstacles, labels),
    )):
        size, colour = Vector3(x=x, y=y, z=z), colours[clamped]
        markers.append(_copy(cube, id=number, pose=pose, scale=size, color=colour))
        markers.append(_copy(line, id=number, pose=Pose(position=place), text=text))
    return MarkerArray(markers=markers)


def _copy(template: Marker, **fields: Any) -> Marker:
    """Return a marker like another: building one takes four times as long as copying it."""
    marker = copy.copy(template)
    for name, value in fields.items():
        setattr(marker, name, value)
    return marker


def to_label_info(labels: Sequence[str], threshold: float, header: Any) -> LabelInfo:
    """Return vision_msgs/LabelInfo; here class_id is the number, as it was in training."""
    return LabelInfo(
        header=header, threshold=threshold,
        class_map=[
            VisionClass(class_id=number, class_name=name) for number, name in enumerate(labels)
        ],
    )


def to_vision_info(method: str, database_location: str, version: int, header: Any) -> VisionInfo:
    """
    Return vision_msgs/VisionInfo: which model detects, and where its classes are listed.

    database_location is the topic of the LabelInfo that belongs to the detections.
    """
    return VisionInfo(
        header=header, method=method, database_location=database_location,
        database_version=version,
    )


def _poses(obstacles: Obstacles) -> list[Pose]:
    orientation = _quaternion(obstacles.axes)
    return [
        Pose(position=Point(x=x, y=y, z=z), orientation=orientation)
        for x, y, z in obstacles.centres_m.tolist()
    ]


def _texts(obstacles: Obstacles, labels: Sequence[str]) -> list[tuple[str, Point]]:
    """Return a line of text for each obstacle, and the place for it above the box."""
    lift = obstacles.sizes_m[:, 1:2] / 2 + TEXT_HEIGHT_M
    places = (obstacles.centres_m - lift * obstacles.axes[:, 1]).tolist()
    return [
        (f'{labels[class_id]} {"< " * clamped}{forward:.1f} m', Point(x=x, y=y, z=z))
        for class_id, clamped, forward, (x, y, z) in zip(
            obstacles.class_ids.tolist(), obstacles.clamped.tolist(),
            obstacles.forward_m.tolist(), places,
        )
    ]


def _covariances(obstacles: Obstacles) -> npt.NDArray[np.float64]:
    """Return (M, 36), row-major over x, y, z and rotations; 0 where nothing is known."""
    sight = obstacles.centres_m / np.maximum(obstacles.centres_m[:, 2:], NEAREST_M)
    spread = (sight * np.nan_to_num(obstacles.std_m)[:, None]).astype(np.float64)
    covariances = np.zeros((len(obstacles), 6, 6))
    covariances[:, :3, :3] = spread[:, :, None] * spread[:, None, :]
    return covariances.reshape(-1, 36)


def _quaternion(axes: npt.ArrayLike) -> Quaternion:
    """Return the rotation whose matrix has these columns."""
    vector = cv2.Rodrigues(np.asarray(axes, np.float64))[0].ravel()
    angle = float(np.linalg.norm(vector))
    x, y, z = (vector * (math.sin(angle / 2) / angle if angle else 0.0)).tolist()
    return Quaternion(x=x, y=y, z=z, w=math.cos(angle / 2))
