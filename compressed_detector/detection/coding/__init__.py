# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Lossless coding of a model's constants; see docs/dcz.md."""
