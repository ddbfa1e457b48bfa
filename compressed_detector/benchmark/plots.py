# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Latency against batch, and accuracy against latency, as pictures."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from compressed_detector.benchmark.figures import threads_in_words

SIZE_INCHES = (9.0, 4.2)
LINES = ('-', '--', ':', '-.')


def plots(results: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the pictures that the results of benchmark_model networks have, PNG by file name."""
    found = {}
    batched = [model for model in results['models']
               if model['batches'] and 'fixed' not in model['batches']]
    if batched:
        found['latency_by_batch.png'] = _by_batch(batched)
    scored = [model for model in results['models'] if 'ap' in model]
    if scored:
        found['accuracy_by_latency.png'] = _by_latency(scored)
    return found


def pareto(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the (latency, accuracy) that no other point beats in both, the fastest first."""
    front: list[tuple[float, float]] = []
    for latency, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((latency, accuracy))
    return front


def _by_batch(models: Iterable[Mapping[str, Any]]) -> bytes:
    figure, axes = plt.subplots(figsize=SIZE_INCHES)
    for number, model in enumerate(models):
        for (threads, found), line in zip(model['batches'].items(), LINES):
            batches = [int(batch) for batch in found]
            axes.plot(batches, [item['per_image_ms'] for item in found.values()], line,
                      color=f'C{number}', marker='o',
                      label=f'{model["name"]}, {threads_in_words(threads)}')
    axes.set_xscale('log', base=2)
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.set_xlabel('images at a time')
    axes.set_ylabel('milliseconds for each image')
    axes.set_ylim(bottom=0)
    return _png(figure, axes)


def _by_latency(models: Iterable[Mapping[str, Any]]) -> bytes:
    figure, axes = plt.subplots(figsize=SIZE_INCHES)
    points = []
    for number, model in enumerate(models):
        threads, latency = next(iter(model['latency'].items()))
        point = latency['p50_ms'], model['ap']
        points.append(point)
        axes.plot(*point, 'o', color=f'C{number}', label=model['name'])
    axes.plot(*zip(*pareto(points)), drawstyle='steps-post', color='grey', zorder=0)
    axes.set_xlabel(f'milliseconds for one image, p50, {threads_in_words(threads)}')
    axes.set_ylabel('AP')
    axes.set_xlim(left=0)
    return _png(figure, axes)


def _png(figure: Any, axes: Axes) -> bytes:
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small', loc='upper left', bbox_to_anchor=(1.01, 1.0))
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png', dpi=110)
    plt.close(figure)
    return buffer.getvalue()
