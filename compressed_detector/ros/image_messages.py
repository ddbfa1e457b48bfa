# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2's own image library for rare encodings, and arrays back to messages."""

from __future__ import annotations

from array import array
from typing import Any

from sensor_msgs.msg import Image as ImageMessage

from compressed_detector.detection import images
from compressed_detector.detection.types import Image
from compressed_detector.errors import ImageError

try:
    from cv_bridge import CvBridge
except ImportError:  # a machine without a ROS distribution
    CvBridge = None


def to_bgr(message: Any) -> Image:
    """Return the picture of an image message, with cv_bridge's help where it is installed."""
    return images.to_bgr(message, None if CvBridge is None else _through_cv_bridge)


def to_message(image: Image, header: Any) -> ImageMessage:
    """Return a BGR image (H, W, 3), uint8, as a sensor_msgs/Image with the given header."""
    height, width = image.shape[:2]
    message = ImageMessage(
        header=header, height=height, width=width, encoding='bgr8', step=3 * width
    )
    # rclpy copies any other type element by element (rclpy#763).
    message.data = array('B', image.tobytes())
    return message


def _through_cv_bridge(message: Any) -> Image:
    try:
        image: Image = CvBridge().imgmsg_to_cv2(message, 'bgr8')
    except Exception as error:  # cv_bridge raises its own, OpenCV's and Python's errors alike
        raise ImageError(
            'encoding', f'cv_bridge cannot convert {message.encoding!r}: {error}'
        ) from error
    return image
