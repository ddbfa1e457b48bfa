# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What a soak run showed, its limits, and the page that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

WARM_UP_FRAMES = 10_000
# The limits: growth of resident memory after the warm-up, and of the 99th percentile of latency.
MEMORY_LIMIT, LATENCY_LIMIT = 0.01, 0.10


@dataclass(frozen=True)
class Sample:
    """The node's process after so many frames."""

    frames: int
    resident_bytes: int
    open_files: int
    threads: int


@dataclass(frozen=True)
class Result:
    """What a run showed; latencies are from publishing an image to hearing its answer."""

    frames: int
    unanswered: int
    duration_s: float
    memory_growth: float
    leaked_files: int
    leaked_threads: int
    latency_growth: float
    base: Sample
    samples: Sequence[Sample]
    tenths_p50_ms: Sequence[float]
    tenths_p99_ms: Sequence[float]

    @property
    def broken(self) -> list[str]:
        """The limits that the run broke."""
        limits = {
            'frames were not answered': self.unanswered > 0,
            'resident memory grew': self.memory_growth >= MEMORY_LIMIT,
            'file descriptors leaked': self.leaked_files > 0,
            'threads leaked': self.leaked_threads > 0,
            'latency grew': self.latency_growth >= LATENCY_LIMIT,
        }
        return [text for text, is_broken in limits.items() if is_broken]


def evaluate(
    samples: Sequence[Sample], latencies_ms: npt.NDArray[np.float64], duration_s: float
) -> Result:
    """Return what samples and latencies, NaN where no answer came, say about the limits."""
    frames = len(latencies_ms)
    warm_up = min(WARM_UP_FRAMES, frames // 4)
    base = next(item for item in samples if item.frames >= warm_up)
    tenths = np.array_split(latencies_ms, 10)
    p50_ms, p99_ms = (
        [round(float(np.nanpercentile(tenth, q)), 3) for tenth in tenths] for q in (50, 99)
    )
    last = samples[-1]
    return Result(
        frames=frames,
        unanswered=int(np.isnan(latencies_ms).sum()),
        duration_s=round(duration_s, 1),
        memory_growth=round(last.resident_bytes / base.resident_bytes - 1, 5),
        leaked_files=last.open_files - base.open_files,
        leaked_threads=last.threads - base.threads,
        latency_growth=round(p99_ms[-1] / p99_ms[0] - 1, 4),
        base=base,
        samples=samples,
        tenths_p50_ms=p50_ms,
        tenths_p99_ms=p99_ms,
    )


def report(result: Result, on: Mapping[str, Any]) -> str:
    """Return the page about a run, Markdown."""
    first, last = result.base, result.samples[-1]
    broken = ', '.join(result.broken) or 'none'
    tenths = '\n'.join(
        f'| {number} | {p50:.2f} | {p99:.2f} |'
        for number, (p50, p99) in enumerate(zip(result.tenths_p50_ms, result.tenths_p99_ms), 1)
    )
    return f"""# Soak run

{result.frames:,} frames of 320x240 pixels through the real node process over DDS, synthetic and
recorded ones in turn, the next as soon as the last was answered, with ranges, obstacles and
tracking switched on and the small network of the tests. `python tools/soak.py --frames
{result.frames} --output docs` repeats it; `soak.json` holds every sample.

{on['date']}; {on['cpu']}, {on['cores']} cores, {on['memory_gib']} GiB; {on['system']};
Python {on['python']}; rclpy {on['rclpy']}.
{result.duration_s / 60:.1f} minutes, {result.frames / result.duration_s:.0f} frames per second,
{result.unanswered} frames without an answer.

| | after {first.frames:,} frames | at the end | growth | limit |
|---|---|---|---|---|
| resident memory (MiB) | {first.resident_bytes / 2**20:.2f} | {last.resident_bytes / 2**20:.2f} \
| {result.memory_growth:+.2%} | < {MEMORY_LIMIT:.0%} |
| file descriptors | {first.open_files} | {last.open_files} | {result.leaked_files:+d} | none |
| threads | {first.threads} | {last.threads} | {result.leaked_threads:+d} | none |
| latency p99, first and last tenth (ms) | {result.tenths_p99_ms[0]:.2f} \
| {result.tenths_p99_ms[-1]:.2f} | {result.latency_growth:+.1%} | < {LATENCY_LIMIT:.0%} |

Limits broken: {broken}.

From publishing an image to hearing its answer, by tenths of the run:

| tenth | p50 (ms) | p99 (ms) |
|---|---|---|
{tenths}
"""
