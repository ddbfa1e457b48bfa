# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The networks of the papers, in their published shapes: one file each."""
