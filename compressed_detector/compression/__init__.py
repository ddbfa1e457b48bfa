# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The workshop: import, transform, quantize and convert networks, offline with TensorFlow."""
