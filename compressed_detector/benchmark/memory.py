# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""How much memory a model takes in a process that does nothing else."""

from __future__ import annotations

from pathlib import Path

from compressed_detector.benchmark.litert import LiteRt
from compressed_detector.benchmark.subjects import read
from compressed_detector.process_figures import peak_rss_bytes, reset_peak, rss_bytes

RUNS = 20


def child(path: str, threads: str) -> dict[str, int]:
    """
    Open the model at a path in this process and run it; return what is resident, bytes.

    ``before`` the model is read: Python, NumPy and OpenCV; ``steady`` after the last run;
    ``peak`` at any time.
    """
    reset_peak()
    before = rss_bytes()
    network = LiteRt(read(Path(path)), int(threads))
    for _ in range(RUNS):
        network.run()
    return {'before': before, 'steady': rss_bytes(), 'peak': peak_rss_bytes()}
