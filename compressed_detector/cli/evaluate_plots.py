# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The plots in the report of evaluate_bag, by what they show; only what is known is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from compressed_detector.cli.evaluate_tables import BANDS, band_figures
from compressed_detector.evaluation import plots as draw
from compressed_detector.evaluation.columns import Floats64
from compressed_detector.evaluation.criteria import Criteria
from compressed_detector.evaluation.evaluate import Evaluation, ModelResult
from compressed_detector.evaluation.precision import RECALLS
from compressed_detector.evaluation.recording import Recording

TIMES = {
    'latencies_ms': ('Latency', 'from the image to its answer'),
    'ages_ms': ('Age of answers', 'from the stamp of the image to its answer'),
}


def plots(
    evaluation: Evaluation, found: Mapping[str, Sequence[Recording]], criteria: Criteria
) -> dict[str, bytes]:
    """Return PNGs by their titles."""
    return {**_precision(evaluation, criteria), **_bands(evaluation, criteria), **_times(found)}


def _precision(evaluation: Evaluation, criteria: Criteria) -> dict[str, bytes]:
    results = evaluation.models
    count = max(len(result.precision) for result in results.values())
    if not count:
        return {}
    over = f', mean of {count} classes' if count > 1 else ''
    title = (f'Precision by recall, IoU 0.50{over}\n'
             f'points: at the score threshold {criteria.score_threshold:g}')
    return {title: draw.precision_recall_png(
        {name: _mean(list(result.precision.values())) for name, result in results.items()},
        {name: _point(result) for name, result in results.items()}, title)}


def _mean(curves: Sequence[Floats64]) -> Floats64:
    """Return the mean of curves (101,); of none, a curve that reaches no recall."""
    mean: Floats64 = np.mean(curves, axis=0) if curves else np.zeros(len(RECALLS))
    return mean


def _point(result: ModelResult) -> tuple[float, float]:
    """Return recall and precision at the score threshold, means of the classes."""
    of_classes = [result.per_class[label] for label in result.precision]
    if not of_classes:
        return math.nan, math.nan
    recall, precision = (
        float(np.mean([np.nan_to_num(figures[name]) for figures in of_classes]))
        for name in ('recall', 'precision'))
    return recall, precision


def _bands(evaluation: Evaluation, criteria: Criteria) -> dict[str, bytes]:
    found = {}
    for stem, (words, what, unit) in BANDS.items():
        bands = band_figures(evaluation, criteria, stem)
        if bands:
            title = f'{words}, with 95 % intervals'
            found[title] = draw.bands_png(
                list(bands),
                {name: [items[name] for items in bands.values()] for name in evaluation.models},
                title, f'{what} ({unit})')
    return found


def _times(found: Mapping[str, Sequence[Recording]]) -> dict[str, bytes]:
    drawn = {}
    for column, (title, what) in TIMES.items():
        times = {
            name: np.concatenate([getattr(item.frames, column) for item in items])
            for name, items in found.items()
        }
        if not any(np.isfinite(values).any() for values in times.values()):
            continue
        words = f'{title} of each frame'
        drawn[title] = draw.times_png(times, f'{title}; dashed is the median', what)
        drawn[words] = draw.timeline_png(
            {name: (_moments(found[name]), values) for name, values in times.items()},
            words, _clock(next(iter(found.values()))), title.lower())
    return drawn


def _moments(recordings: Sequence[Recording]) -> Floats64:
    """Return when each frame of all recordings was taken, as if one followed the other."""
    moments, begin = [], 0.0
    for item in recordings:
        stamps = item.frames.stamps_ns
        unit = 1e9 if item.sequential else 1.0
        moments.append((stamps - stamps.min(initial=stamps.max(initial=0))) / unit + begin)
        begin = float(moments[-1].max(initial=begin))
    return np.concatenate(moments)


def _clock(recordings: Sequence[Recording]) -> str:
    if not recordings[0].sequential:
        return 'picture'
    return 'time (s)' if len(recordings) == 1 else 'time, one recording after the other (s)'
