# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What compress_model shows: progress bars while it works, a table at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from compressed_detector.compression.tensorflow_runtime import REMEDY
from compressed_detector.detection.manifest import Manifest
from compressed_detector.errors import CompressionError
from compressed_detector.evaluation.coco import CocoResult


class Progress:
    """One bar per task; a task appears when it is first reported."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def __call__(self, task: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` steps of a task are done."""
        if task not in self._tasks:
            self._tasks[task] = self._bars.add_task(task, total=total)
        self._bars.update(self._tasks[task], completed=done, total=total)

    def of(self, task: str) -> Callable[[int, int], None]:
        """Return a report of one task."""
        return lambda done, total: self(task, done, total)


@contextmanager
def open_progress() -> Iterator[Progress]:
    """
    Yield progress bars on standard error; off a terminal, the last state of each.

    They have a file descriptor of their own: what TensorFlow prints meanwhile is kept away from
    the terminal (see compression.tensorflow_runtime). Raises CompressionError without rich.
    """
    try:
        from rich import console, progress
    except ImportError as error:
        raise CompressionError(f'rich cannot be imported ({error}); {REMEDY}') from error
    sys.stderr.flush()
    with open(os.dup(2), 'w', encoding='utf-8') as stream:
        bars = progress.Progress(
            progress.TextColumn('{task.description}'), progress.BarColumn(),
            progress.MofNCompleteColumn(), progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(), console=console.Console(file=stream),
            redirect_stdout=False, redirect_stderr=False,
        )
        with bars:
            yield Progress(bars)


def build_table(manifest: Manifest, scores: Mapping[str, CocoResult]) -> str:
    """Return what was built, and the average precision of each scored model, as text."""
    lineage = manifest.lineage
    lines = [
        f'{manifest.name}: {lineage["size_bytes"] / 1e6:.2f} MB, '
        f'{lineage["macs"] / 1e9:.3f} GMAC, {lineage["params"] / 1e6:.2f} M parameters'
    ]
    if scores:
        width = max(map(len, scores))
        images = max(score.images for score in scores.values())
        lines.append(f'average precision on {images} pictures:')
        lines.append(f'{"":{width}}  {"AP":>6} {"AP50":>6} {"AP75":>6}')
        lines.extend(
            f'{name:{width}}  {score.ap:6.4f} {score.ap50:6.4f} {score.ap75:6.4f}'
            for name, score in scores.items()
        )
    return '\n'.join(lines)
