# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The tables that evaluate_bag shows, on a terminal and in its report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from compressed_detector.evaluation.bootstrap import Estimate
from compressed_detector.evaluation.evaluate import Comparison, Evaluation

# What an owner asks first: name of a figure or the beginning of it, words, and how it is written.
ROWS = (
    ('ap', 'AP, IoU 0.50 to 0.95', '.3f'),
    ('ap50', 'AP, IoU 0.50', '.3f'),
    ('ar100', 'AR', '.3f'),
    ('recall', 'recall', '.1%'),
    ('precision', 'precision', '.1%'),
    ('corridor_recall*', 'obstacles seen in the corridor', '.1%'),
    ('corridor_first_seen_m_p50', 'first seen in the corridor at, median (m)', '.1f'),
    ('corridor_longest_gap_s_max', 'longest gap in the corridor (s)', '.2f'),
    ('first_seen_s_p50', 'first seen after, median (s)', '.2f'),
    ('never_seen', 'objects never seen', '.1%'),
    ('longest_gap_s_max', 'longest gap (s)', '.2f'),
    ('false_alarms_per_minute', 'false alarms per minute', '.1f'),
    ('false_stops*', 'false stops', '.1%'),
    ('missed_stops*', 'missed stops', '.1%'),
    ('flicker_per_minute', 'flicker per minute', '.1f'),
    ('iou_p50', 'overlap of what is found, median IoU', '.2f'),
    ('range_error_p50', 'error of the range, median', '+.1%'),
    ('range_error_p90', 'error of the range, 90 %', '.1%'),
    ('frames_answered', 'frames answered', '.1%'),
    ('latency_ms_p50', 'latency p50 (ms)', '.1f'),
    ('latency_ms_p99', 'latency p99 (ms)', '.1f'),
    ('age_ms_p50', 'age of answers p50 (ms)', '.1f'),
    ('age_ms_p99', 'age of answers p99 (ms)', '.1f'),
    ('decode_ms_p50', 'reading and decoding p50 (ms)', '.1f'),
    ('cpu_s_per_frame', 'processor time per frame (s)', '.3f'),
    ('peak_rss_mb', 'peak resident memory (MB)', '.0f'),
)


def figure_rows(evaluation: Evaluation) -> list[list[str]]:
    """Return a heading, and what an owner asks first, a column per model; only what is known."""
    known = [result.figures for result in evaluation.models.values()]
    rows = [[words, *(estimate_words(figures[name], form) for figures in known)]
            for name, words, form in _rows(known[0])]
    return [['', *evaluation.models], *(row for row in rows if any(row[1:]))]


def comparison_rows(comparison: Comparison) -> list[list[str]]:
    """Return a heading, and by how much the second is more where that may not be by chance."""
    rows = [['', 'difference', '95 % interval', 'p']]
    for name, words, form in _rows(comparison.figures):
        item = comparison.figures[name]
        if math.isfinite(item.value) and item.p_value < 1 and not math.isnan(item.low):
            signed = form if form.startswith('+') else f'+{form}'
            rows.append([words, f'{item.value:{signed}}',
                         f'{item.low:{signed}} to {item.high:{signed}}', f'{item.p_value:.3f}'])
    return rows


def comparison_title(comparison: Comparison) -> str:
    """Return who is compared with whom, and how much they agree."""
    return (f'{comparison.second} against {comparison.first}: agreement '
            f'{comparison.agreement_ap:.3f} AP')


def table(rows: Sequence[Sequence[str]], title: str = '') -> Table:
    """Return rows, of which the first is the heading, for a terminal."""
    shown = Table(box=SIMPLE_HEAD, title=title or None)
    for number, name in enumerate(rows[0]):
        shown.add_column(escape(name), justify='right' if number else 'left')
    for row in rows[1:]:
        shown.add_row(*map(escape, row))
    return shown


def estimate_words(estimate: Estimate, form: str) -> str:
    """Return a figure with its interval; nothing where it is not known."""
    if math.isnan(estimate.value):
        return ''
    value = f'{estimate.value:{form}}'
    if math.isnan(estimate.low) or estimate.low == estimate.high:
        return value
    return f'{value}  [{estimate.low:{form}}, {estimate.high:{form}}]'


def _rows(figures: Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
    """Yield the figures of ROWS that are there, with those that begin alike one by one."""
    for name, words, form in ROWS:
        if not name.endswith('*'):
            if name in figures:
                yield name, words, form
            continue
        stem = name[:-1]
        for found in (item for item in figures if item.startswith(stem)):
            rest = found.removeprefix(stem).strip('_').replace('_up_', ' and more ')
            rest = rest.replace('_', ' to ').replace('p', '.')
            yield found, f'{words}, {rest}' if rest else words, form
