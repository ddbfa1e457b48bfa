# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Plots in which detectors are compared: one colour per detector, in the order of their names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np

from compressed_detector.evaluation.bootstrap import Estimate
from compressed_detector.evaluation.columns import Floats64
from compressed_detector.evaluation.pictures import png
from compressed_detector.evaluation.precision import RECALLS
from compressed_detector.evaluation.quantiles import quantile

matplotlib.use('Agg')
from matplotlib import pyplot as plt

COLOURS = ('#3b7dd8', '#d8703b', '#3bb273', '#8e44ad', '#b8860b', '#5d6d7e')
SIZE = (5.8, 3.4)
BINS = 40
LEAST_BANDS = 3  # for which there is room: a single one is not a wall


def precision_recall_png(
    curves: Mapping[str, Floats64], points: Mapping[str, tuple[float, float]], title: str
) -> bytes:
    """Return precision (101,) over recall, and recall and precision of the robot as points."""
    figure, axes = _axes(title, 'recall', 'precision')
    for (name, curve), colour in _coloured(curves):
        reached = np.where(curve > 0, curve, np.nan)
        axes.plot(RECALLS, reached, color=colour, label=name)
        axes.plot(*points[name], 'o', color=colour, markersize=7)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.05))
    return _finished(figure, axes)


def bands_png(
    bands: Sequence[str], estimates: Mapping[str, Sequence[Estimate]], title: str, unit: str
) -> bytes:
    """Return a bar with its 95 % interval for each band and detector; what is unknown lacks."""
    figure, axes = _axes(title, unit, 'recall')
    width = 0.8 / len(estimates)
    for place, ((name, items), colour) in enumerate(_coloured(estimates)):
        values = np.array([(item.value, item.low, item.high) for item in items])
        centres = np.arange(len(bands)) + (place - (len(estimates) - 1) / 2) * width
        errors = np.nan_to_num(np.abs(values[:, 1:] - values[:, :1])).T
        axes.bar(centres, values[:, 0], 0.92 * width, yerr=errors, color=colour, label=name,
                 capsize=3, error_kw={'elinewidth': 1, 'ecolor': '#1c2733'})
        for centre, value in zip(centres, values[:, 0]):
            if np.isfinite(value):
                axes.annotate(f'{value:.0%}', (centre, 0.02), ha='center', fontsize=9,
                              color='white' if value > 0.1 else 'black')
    axes.set(xticks=np.arange(len(bands)), xticklabels=bands, ylim=(0, 1.05),
             xlim=(-0.5, max(len(bands), LEAST_BANDS) - 0.5))
    return _finished(figure, axes)


def times_png(times_ms: Mapping[str, Floats64], title: str, what: str) -> bytes:
    """Return a histogram of times (ms), of which one is known, with medians; NaN is no time."""
    longest, most = (max(quantile(values, part) for values in times_ms.values()
                         if np.isfinite(values).any()) for part in (0.99, 1))
    longest *= 1.5
    beyond = '; the last bar is all that took longer' if most > longest else ''
    figure, axes = _axes(title, f'{what} (ms){beyond}', 'frames')
    edges = np.linspace(0, min(longest, most), BINS + 1)
    for (name, values), colour in _coloured(times_ms):
        known = np.minimum(values[~np.isnan(values)], edges[-1])
        axes.hist(known, bins=edges, color=colour, alpha=0.6, label=(
            f'{name}: p50 {quantile(values, 0.5):.1f}, p99 {quantile(values, 0.99):.1f} ms'))
        axes.set_xlim(left=0)
        axes.axvline(quantile(values, 0.5), color=colour, linestyle='--', linewidth=1)
    return _finished(figure, axes)


def timeline_png(
    series: Mapping[str, tuple[Floats64, Floats64]], title: str, time: str, what: str
) -> bytes:
    """Return times (ms) over when they were taken; a frame without answer is a gap."""
    figure, axes = _axes(title, time, f'{what} (ms)')
    for (name, (moments, values)), colour in _coloured(series):
        axes.plot(moments, values, '.-', color=colour, linewidth=0.7, markersize=3, label=name)
    axes.set_ylim(bottom=0)
    return _finished(figure, axes)


def _axes(title: str, across: str, up: str) -> tuple[Any, Any]:
    figure, axes = plt.subplots(figsize=SIZE, layout='constrained')
    axes.set_title(title, loc='left', fontsize=11)
    axes.set(xlabel=across, ylabel=up)
    axes.grid(axis='y', color='#dde3ea', linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    return figure, axes


def _coloured(items: Mapping[str, Any]) -> Iterator[tuple[tuple[str, Any], str]]:
    return zip(items.items(), itertools.cycle(COLOURS))


def _finished(figure: Any, axes: Any) -> bytes:
    figure.legend(*axes.get_legend_handles_labels(), loc='outside lower left', frameon=False,
                  fontsize=9)
    return png(figure)
