# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The classics of compression, reproduced with the workshop's own stages on small data."""
