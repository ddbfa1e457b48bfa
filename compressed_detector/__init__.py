# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A compressed obstacle detector for ROS 2 robots with small computers."""

__version__ = '0.1.0'
