# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Training that repairs what compression broke, within the forms of the weights."""
