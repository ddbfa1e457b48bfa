# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The one error that the interface builder raises on purpose."""


class BuildError(Exception):
    """Say what is wrong and what to do about it; nothing has been installed."""
