# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Leaving out images so that at most so many per second are looked at."""

from __future__ import annotations

# A camera of exactly the allowed rate must not lose every other image to its jitter.
JITTER = 0.2


class Pacer:
    """Says which images are due under a maximum rate."""

    def __init__(self) -> None:
        self._next_s = float('-inf')

    def due(self, now_s: float, max_rate_hz: float) -> bool:
        """Return whether an image that arrived now is due; every one is at a rate of 0."""
        if not max_rate_hz:
            return True
        period_s = 1 / max_rate_hz
        if now_s < self._next_s - JITTER * period_s:
            return False
        # On the grid of the rate while images keep coming; anew after a pause.
        on_grid = now_s - self._next_s < period_s
        self._next_s = (self._next_s if on_grid else now_s) + period_s
        return True
