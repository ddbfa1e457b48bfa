# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a model costs on this machine: time, memory, operations, energy; against its peers."""
