# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Command lines: arguments and wiring only."""
