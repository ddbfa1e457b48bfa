# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Play a recorded bag through the real node process and watch, as a robot would live it."""

from __future__ import annotations

import contextlib
import json
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor

from compressed_detector.errors import RosError
from compressed_detector.process_figures import cpu_s, peak_rss_bytes
from compressed_detector.ros.child_process import child_process, fails_when_dead
from compressed_detector.ros.recorder import Recorder

START_TIMEOUT_S = 60.0
SETTLE_TIMEOUT_S = 10.0
# What becomes of an image that the node received.
FATES = ('frames processed', 'frames replaced by newer', 'frames skipped by max_rate',
         'frames older than max_age', 'frames undecodable')


@dataclass(frozen=True, eq=False)
class Observed:
    """
    What was published and what the node made of it.

    ``counts`` are the node's own diagnostics; ``answers`` are serialized Detection2DArray by image
    stamp (ns); ``latencies_ms``, by the same key, are from image to answer as the recorder saw
    them. ``node_cpu_s``: what the node's process took from when it was heard on;
    ``node_peak_rss_bytes``: the most memory that it had resident.
    """

    frames_published: int
    counts: Mapping[str, str]
    answers: Mapping[int, bytes]
    latencies_ms: Mapping[int, float]
    node_cpu_s: float
    node_peak_rss_bytes: int


def run_live(
    node_command: Sequence[str],
    replay_command: Sequence[str],
    image_topic: str,
    environment: Mapping[str, str] | None = None,
) -> Observed:
    """
    Start the node, play images to it from another process, record what comes out, stop both.

    ``replay_command`` gets ``--summary FILE`` appended; both commands are run as given otherwise.
    Raises RosError when a process ends early, and never leaves one behind.
    """
    with (
        child_process(node_command, environment) as node,
        _recorder(image_topic) as (recorder, spin_until),
        tempfile.TemporaryDirectory() as folder,
    ):
        alive = fails_when_dead(node, 'the detector node')
        spin_until(recorder.hears_detector, START_TIMEOUT_S, alive)
        started_cpu_s = cpu_s(node.pid)
        summary = Path(folder) / 'published.json'
        with child_process([*replay_command, '--summary', str(summary)], environment) as replay:
            spin_until(lambda: replay.poll() is not None, None, alive)
        if replay.returncode != 0:
            raise RosError(f'the bag could not be played: {shlex.join(replay_command)} ended '
                           f'with {replay.returncode}')
        with contextlib.suppress(TimeoutError):
            # Whoever never answers is counted as lost, not waited for.
            spin_until(lambda: _settled(recorder), SETTLE_TIMEOUT_S)
        published = json.loads(summary.read_text(encoding='utf-8'))['topics'][image_topic]
        return Observed(
            published, recorder.diagnostics, dict(recorder.answers), recorder.latencies_ms(),
            cpu_s(node.pid) - started_cpu_s, peak_rss_bytes(node.pid),
        )


def _settled(recorder: Recorder) -> bool:
    counts = {key: int(value) for key, value in recorder.diagnostics.items()
              if key.startswith('frames ') and value.isdigit()}
    if not counts.get('frames received'):
        return False
    return (
        counts['frames received'] == sum(counts[key] for key in FATES)
        and counts['frames processed'] == len(recorder.answers)
        and counts['frames received'] == len(recorder.image_arrivals_s)
    )


SpinUntil = Callable[..., None]


@contextlib.contextmanager
def _recorder(image_topic: str) -> Iterator[tuple[Recorder, SpinUntil]]:
    rclpy.init(args=[])
    recorder = Recorder(image_topic, '/detector/detections', 'detector')
    executor = SingleThreadedExecutor()
    executor.add_node(recorder)

    def spin_until(
        condition: Callable[[], bool],
        timeout_s: float | None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not condition():
            check()
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f'waited {timeout_s} s for {condition}')
            executor.spin_once(timeout_sec=0.1)

    try:
        yield recorder, spin_until
    finally:
        executor.shutdown()
        recorder.destroy_node()
        rclpy.try_shutdown()
