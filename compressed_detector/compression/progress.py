# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How long operations say how far they are."""

from __future__ import annotations

from collections.abc import Callable

# Called with what is being done, how many of its steps are done, and how many there are.
Report = Callable[[str, int, int], None]


def silent(task: str, done: int, total: int) -> None:
    """Report nothing."""
