# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The tables that compress_model shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from compressed_detector.compression.forecast import Forecast


def plan_table(
    name: str, forecasts: Iterable[tuple[str, Forecast]], inference_ms: float
) -> str:
    """Return what every stage is expected to do, as text; minutes are on this machine."""
    lines = [name, f'{"stage":12}  {"GMAC":>6}  {"M params":>8}  {"MB of weights":>13}  '
                   f'{"minutes":>8}']
    lines += [
        f'{code:12}  {forecast.macs / 1e9:6.3f}  {forecast.params / 1e6:8.2f}  '
        f'{forecast.weight_bytes / 1e6:13.2f}  {forecast.inferences * inference_ms / 6e4:8.1f}'
        for code, forecast in forecasts
    ]
    return '\n'.join(lines)


# Key of a figure, its heading, and how it is written.
COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ('macs', 'GMAC', lambda value: f'{value / 1e9:.3f}'),
    ('params', 'M params', lambda value: f'{value / 1e6:.2f}'),
    ('nonzero', 'M nonzero', lambda value: f'{value / 1e6:.2f}'),
    ('size_bytes', 'MB .tflite', lambda value: f'{value / 1e6:.2f}'),
    ('archive_bytes', 'MB .dcz', lambda value: f'{value / 1e6:.2f}'),
    ('latency_ratio_1thread', 'time, 1 thread', lambda value: f'{value:.2f}'),
    ('latency_ratio_2thread', '2 threads', lambda value: f'{value:.2f}'),
    ('latency_ratio_1thread_int8', 'as int8, 1 thread', lambda value: f'{value:.2f}'),
    ('latency_ratio_2thread_int8', '2 threads', lambda value: f'{value:.2f}'),
    ('agreement', 'agreement', lambda value: f'{value:.3f}'),
    ('agreement_change', 'change [95 %]',
     lambda change: '{:+.3f} [{:+.3f}, {:+.3f}]'.format(*change)),
    ('ap', 'AP', lambda value: f'{value:.4f}'),
    ('ap50', 'AP50', lambda value: f'{value:.4f}'),
)


def figure_rows(stages: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return a heading, then the figures of every stage, as words."""
    columns = [column for column in COLUMNS if any(column[0] in stage for stage in stages)]
    return [
        ['stage', *(heading for _, heading, _ in columns)],
        *([stage['stage'], *(write(stage[key]) if key in stage else ''
                             for key, _, write in columns)] for stage in stages),
    ]


def step_table(name: str, stages: Sequence[Mapping[str, Any]]) -> str:
    """Return the figures of every stage as text; times are ratios to the dense network."""
    rows = figure_rows(stages)
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ['  '.join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
    return '\n'.join([name, *lines])
