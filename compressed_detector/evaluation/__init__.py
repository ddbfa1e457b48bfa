# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Bags and folders in, figures and pictures out."""
