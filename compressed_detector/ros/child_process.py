# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that a tool starts, watches, and never leaves behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence

from compressed_detector.errors import RosError

STOP_TIMEOUT_S = 5.0


@contextlib.contextmanager
def child_process(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command, with some variables beside those of this process, and stop it at the end."""
    process = subprocess.Popen(command, env={**os.environ, **(environment or {})})
    try:
        yield process
    finally:
        _stop(process, shlex.join(command))


def fails_when_dead(process: subprocess.Popen[bytes], name: str) -> Callable[[], None]:
    """Return what raises RosError if the process has ended."""
    def check() -> None:
        if process.poll() is not None:
            raise RosError(f'{name} ended with {process.returncode}; its messages are above')
    return check


def _stop(process: subprocess.Popen[bytes], name: str) -> None:
    """End a process the way Ctrl-C does, and for certain."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise RosError(f'{name} did not end within {STOP_TIMEOUT_S} s of SIGINT') from None
