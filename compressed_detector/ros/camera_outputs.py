# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What the node says about one camera's images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Image, LaserScan, PointCloud2
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray, Detection3DArray, LabelInfo, VisionInfo
from visualization_msgs.msg import MarkerArray

from compressed_detector.config import CameraSettings
from compressed_detector.detection.detection_cdr import serialize
from compressed_detector.detection.drawing import draw
from compressed_detector.detection.manifest import Manifest
from compressed_detector.detection.obstacles import Obstacles, face_points
from compressed_detector.detection.scan import ScanView, scan_ranges
from compressed_detector.detection.tracking import Tracks
from compressed_detector.detection.types import Detections, Floats
from compressed_detector.detection.types import Image as Picture
from compressed_detector.ros import image_messages, motion_messages, obstacle_messages
from compressed_detector.ros.scan_frame import ScanFrame

RELIABLE = QoSProfile(depth=10)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TOPICS = (
    ('detections', Detection2DArray, RELIABLE),
    ('obstacles', Detection3DArray, RELIABLE),
    ('obstacles/points', PointCloud2, RELIABLE),
    ('obstacles/scan', LaserScan, RELIABLE),
    ('obstacles/velocities', PointCloud2, RELIABLE),
    ('markers', MarkerArray, RELIABLE),
    ('debug_image', Image, QoSProfile(depth=1)),
    ('label_info', LabelInfo, LATCHED),
    ('vision_info', VisionInfo, LATCHED),
)
# Those that say something about an image, and so are worth looking at one.
ABOUT_IMAGES = tuple(name for name, _, qos in TOPICS if qos is not LATCHED)


@dataclass(frozen=True, eq=False)
class Located:
    """
    What is known of the objects of one image.

    ``obstacles`` (M) are those of ``tracks`` whose range is known; ``velocities_m_s``: float32
    (M, 3), optical frame, NaN where unknown.
    """

    tracks: Tracks
    obstacles: Obstacles
    velocities_m_s: Floats


class CameraOutputs:
    """
    The publishers of one camera, under ``~/`` or ``~/<camera>/``.

    The header of every message is the image's, so that consumers can look up transforms for the
    moment the picture was taken; only the scan has a frame of its own.
    """

    def __init__(self, node: LifecycleNode, camera: str) -> None:
        self._node = node
        self._prefix = f'~/{camera}/' if camera else '~/'
        self._publishers = {
            name: node.create_publisher(
                kind, f'{self._prefix}{name}', qos,
                qos_overriding_options=QoSOverridingOptions.with_default_policies(),
            )
            for name, kind, qos in TOPICS
        }
        self._scan_frame = ScanFrame(node)

    def wanted(self, *names: str) -> bool:
        """Whether anybody subscribes one of these outputs, or any at all."""
        return any(
            self._publishers[name].get_subscription_count() for name in names or ABOUT_IMAGES
        )

    def announce(self, manifest: Manifest, score_threshold: float, stamp: Any) -> None:
        """Publish, latched, which model detects and what its classes are."""
        header = Header(stamp=stamp)
        self._publish('label_info', obstacle_messages.to_label_info(
            manifest.labels, score_threshold, header
        ))
        location = self._node.resolve_topic_name(f'{self._prefix}label_info')
        self._publish('vision_info', obstacle_messages.to_vision_info(
            manifest.name, location, 1, header
        ))

    def publish_detections(self, tracks: Tracks, labels: Sequence[str], header: Any) -> None:
        """Publish what was detected; nothing detected is published too."""
        self._publish('detections', serialize(
            tracks.detections, labels, (header.stamp.sec, header.stamp.nanosec), header.frame_id,
            tracks.names,
        ))

    def publish_obstacles(
        self,
        located: Located,
        view: ScanView,
        labels: Sequence[str],
        header: Any,
        settings: CameraSettings,
    ) -> None:
        """Publish where the obstacles are; none at all is published too."""
        obstacles = located.obstacles
        points = face_points(obstacles, settings.cloud_spacing, settings.cloud_min_points)
        frame = settings.scan_frame or f'{header.frame_id}_scan'
        self._scan_frame.publish(obstacles.axes, header, frame)
        self._publish('obstacles/points', obstacle_messages.to_cloud(points, header))
        ranges = scan_ranges(obstacles, view)
        self._publish('obstacles/scan', obstacle_messages.to_scan(ranges, view, header, frame))
        names = [located.tracks.names[row] for row in obstacles.rows]
        self._publish('obstacles', obstacle_messages.to_detection3d_array(
            obstacles, labels, header, names
        ))
        if located.tracks.tracked:
            self._publish('obstacles/velocities', motion_messages.to_velocity_cloud(
                obstacles, located.tracks.ids[obstacles.rows], located.velocities_m_s, header
            ))
        if self.wanted('markers'):
            self._publish('markers', obstacle_messages.to_markers(
                obstacles, labels, header, settings.marker_lifetime
            ))

    def publish_debug_image(
        self, image: Picture, detections: Detections, labels: Sequence[str], header: Any
    ) -> None:
        """Publish the image with the detections drawn in, while somebody looks."""
        if self.wanted('debug_image'):
            picture = draw(image, detections, labels)
            self._publish('debug_image', image_messages.to_message(picture, header))

    def close(self) -> None:
        """Take the publishers off the graph."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        self._scan_frame.close()

    def _publish(self, name: str, message: Any) -> None:
        self._publishers[name].publish(message)
