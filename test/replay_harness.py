# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A replay_bag process and ears on the graph, for the tests of replaying."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 20.0


def stamp_ns(data: bytes) -> int:
    """Read the stamp of a little-endian CDR message that begins with a header."""
    seconds, nanoseconds = struct.unpack_from('<iI', data, 4)
    return int(seconds) * 10**9 + int(nanoseconds)


class Ears:
    """A node of the test that keeps the serialized messages of some topics as they arrive."""

    def __init__(self, domain_id: int) -> None:
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain_id)
        self.node = Node('ears', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def hear(self, kind: Any, topic: str, qos: QoSProfile) -> list[tuple[float, bytes]]:
        """Return a list that fills with (monotonic seconds, CDR bytes)."""
        heard: list[tuple[float, bytes]] = []
        self.node.create_subscription(
            kind, topic, lambda data: heard.append((time.monotonic(), bytes(data))), qos, raw=True
        )
        return heard

    def wait_until(self, condition: Callable[[], Any], timeout_s: float = TIMEOUT_S) -> None:
        """Take what arrives until the condition holds; fails after the timeout."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f'not within {timeout_s} s'
            self._executor.spin_once(timeout_sec=0.05)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)


class ReplayProcess:
    """The real command as a child process."""

    def __init__(self, domain_id: int, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'compressed_detector.cli.replay_bag', *arguments],
            env={**os.environ, 'ROS_DOMAIN_ID': str(domain_id)}, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def finish(self, timeout_s: float = TIMEOUT_S) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr; kills and fails after the timeout."""
        try:
            out, err = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, err = self._process.communicate()
            raise AssertionError(f'still running after {timeout_s} s:\n{out}{err}') from None
        return self._process.returncode, out, err

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send a signal."""
        self._process.send_signal(number)


@contextmanager
def replaying(domain_id: int, *arguments: str | Path) -> Iterator[ReplayProcess]:
    """Run replay_bag; it is stopped at the end if it has not ended by itself."""
    process = ReplayProcess(domain_id, [str(argument) for argument in arguments])
    try:
        yield process
    finally:
        if not process.ended():
            process.interrupt(signal.SIGKILL)
            process.finish()
