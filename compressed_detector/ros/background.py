# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Work that would keep the executor's thread from receiving images."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rclpy.executors import Executor
from rclpy.task import Future


def run_in_thread(work: Callable[[], Any], executor: Executor) -> Any:
    """Return a future, to be awaited in a callback, of what the work returns or raises."""
    future = Future(executor=executor)

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:
            future.set_exception(error)
        executor.wake()  # it may be waiting for nothing else

    threading.Thread(target=run, name='background', daemon=True).start()
    return future
