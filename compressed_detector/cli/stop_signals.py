# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM as something a loop can ask about."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """
    Is true, when called, as soon as SIGINT or SIGTERM arrived.

    Until `defer` a signal raises KeyboardInterrupt, because what opens files cannot ask, and
    still has to remove what it unpacked; from then on it only sets the flag.
    """

    def __init__(self) -> None:
        self._requested = False
        self._deferred = False

    def __enter__(self) -> StopSignals:
        """Install the handlers; only the main thread may."""
        self._previous = {number: signal.signal(number, self._receive) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the handlers that were there before, unless the process was asked to end."""
        # A terminal and `ros2 launch` each send SIGINT: the second must not break the ending.
        for number, handler in self._previous.items():
            signal.signal(number, signal.SIG_IGN if self._requested else handler)

    def __call__(self) -> bool:
        """Return whether a stop was requested."""
        return self._requested

    def defer(self) -> None:
        """From now on set the flag instead of raising KeyboardInterrupt."""
        self._deferred = True

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self._requested = True
        if not self._deferred:
            raise KeyboardInterrupt
