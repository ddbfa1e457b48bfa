# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One thread that owns the interpreter, fed through a slot that holds the newest frame only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar('T')


class Slot(Generic[T]):
    """
    Holds at most one item; a newer item replaces one that nobody has taken.

    A robot wants the newest picture, not a queue of old ones.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._closed = False

    def put(self, item: T) -> bool:
        """Store an item and return whether it replaced one that was not taken."""
        with self._condition:
            replaced = self._item is not None
            self._item = item
            self._condition.notify()
        return replaced

    def take(self) -> T | None:
        """Wait for an item and return it; None as soon as the slot is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._item is not None)
            item, self._item = self._item, None
        return None if self._closed else item

    def close(self) -> None:
        """Release whoever waits; what is in the slot is dropped."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class Worker(Generic[T]):
    """A thread that processes the newest item until it is stopped."""

    def __init__(self, process: Callable[[T], None]) -> None:
        self._slot: Slot[T] = Slot()
        self._process = process
        self._thread = threading.Thread(target=self._run, name='detector', daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, item: T) -> bool:
        """Hand over an item and return whether it replaced one that was still waiting."""
        return self._slot.put(item)

    def stop(self) -> None:
        """End the thread after the item in progress."""
        self._slot.close()
        self._thread.join()

    def _run(self) -> None:
        while (item := self._slot.take()) is not None:
            self._process(item)
