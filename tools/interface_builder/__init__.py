# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Build a package of ROS 2 messages into a Python environment, without CMake or colcon."""
