# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Time stamps of messages as numbers."""

from __future__ import annotations

from typing import Any


def nanoseconds_of(stamp: Any) -> int:
    """Return a builtin_interfaces/Time in nanoseconds."""
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def seconds_of(stamp: Any) -> float:
    """Return a builtin_interfaces/Time in seconds."""
    return nanoseconds_of(stamp) * 1e-9
