# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 side: the only place that imports rclpy."""
