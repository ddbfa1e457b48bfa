# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Image in, detections out: NumPy and OpenCV, without ROS and without TensorFlow."""
