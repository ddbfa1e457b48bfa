# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How long operations say how far they are."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Is told what is being done, how many of its steps are done, and how many there are."""

    def __call__(self, task: str, done: int, total: int, detail: str = '', /) -> None:
        """Show it; the detail may be the loss so far."""


def silent(task: str, done: int, total: int, detail: str = '', /) -> None:
    """Report nothing."""
