# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""One thread that owns the interpreter, fed fairly from several cameras, newest frames only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar('T')


class FairSlots(Generic[T]):
    """
    One slot for each camera; a newer item replaces one that nobody has taken.

    A robot wants the newest picture of each camera, not a queue of old ones. Whose turn it is
    follows stride scheduling (Waldspurger and Weihl, 1995): every camera has a virtual time that
    advances by 1 / priority when it is served, and of those with an item the one that is behind
    most comes next. With equal priorities no camera waits longer than one full round. One that
    was silent comes back at the time of the others: it cannot catch up.
    """

    def __init__(self, priority_of: Callable[[str], int]) -> None:
        self._condition = threading.Condition()
        self._priority_of = priority_of
        self._virtual_times: dict[str, float] = {}
        self._now = 0.0
        self._items: dict[str, T] = {}
        self._closed = False

    def put(self, camera: str, item: T) -> bool:
        """Store a camera's item and return whether it replaced one that was not taken."""
        with self._condition:
            replaced = camera in self._items
            if not replaced:
                self._virtual_times[camera] = max(
                    self._virtual_times.get(camera, 0.0), self._now
                )
            self._items[camera] = item
            self._condition.notify()
        return replaced

    def take(self) -> T | None:
        """Wait for an item and return the one whose turn it is; None when closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._items)
            if self._closed:
                return None
            camera = min(self._items, key=self._virtual_times.__getitem__)
            self._now = self._virtual_times[camera]
            self._virtual_times[camera] += 1 / self._priority_of(camera)
            return self._items.pop(camera)

    def close(self) -> None:
        """Release whoever waits; what is in the slots is dropped."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class Worker(Generic[T]):
    """A thread that processes the newest items of all cameras until it is stopped."""

    def __init__(
        self, process: Callable[[T], None], priority_of: Callable[[str], int]
    ) -> None:
        self._slots: FairSlots[T] = FairSlots(priority_of)
        self._process = process
        self._thread = threading.Thread(target=self._run, name='detector', daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, camera: str, item: T) -> bool:
        """Hand over an item and return whether it replaced one that was still waiting."""
        return self._slots.put(camera, item)

    def stop(self) -> None:
        """End the thread after the item in progress."""
        self._slots.close()
        self._thread.join()

    def _run(self) -> None:
        while (item := self._slots.take()) is not None:
            self._process(item)
