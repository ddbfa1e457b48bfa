# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Malformed messages by grammar, and the real node that has to live through them."""
