# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What evaluate_bag tells by class, height, distance and recording: models side by side."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from compressed_detector.cli.evaluate_display import estimate_words
from compressed_detector.evaluation.bootstrap import Estimate
from compressed_detector.evaluation.criteria import Criteria, band_name
from compressed_detector.evaluation.evaluate import Evaluation

# Figures that are told by bands: of what, bands of what, and the unit.
BANDS = {
    'recall_height': ('Recall by height in the image', 'height', 'px'),
    'corridor_recall': ('Recall of obstacles in the corridor by distance', 'distance', 'm'),
}
BY_RECORDING, FAILED = 'By recording', 'Could not be evaluated, and are not in the figures'
FORMS = {
    'ap': ('AP', '.3f'), 'ap50': ('AP50', '.3f'), 'recall': ('recall', '.1%'),
    'precision': ('precision', '.1%'),
    'false_alarms_per_minute': ('false alarms per minute', '.1f'),
    'latency_ms_p50': ('latency p50 (ms)', '.1f'),
}


def tables(evaluation: Evaluation, criteria: Criteria) -> list[tuple[str, list[list[str]]]]:
    """Return by title, with a heading each, what is known by class, band and recording."""
    results = evaluation.models
    found = {'By class': _part_rows(
        {name: result.per_class for name, result in results.items()},
        ('ap', 'ap50', 'recall', 'precision'), counted=True)}
    for stem, (title, what, unit) in BANDS.items():
        found[title] = [[f'{what} ({unit})', *results], *(
            [band, *(estimate_words(items[name], '.1%') for name in results)]
            for band, items in band_figures(evaluation, criteria, stem).items())]
    found[BY_RECORDING] = by_recording(evaluation)
    found['What it was measured on'] = _count_rows(
        {name: result.counts for name, result in results.items()})
    return [(title, rows) for title, rows in found.items() if len(rows) > 1]


def by_recording(evaluation: Evaluation) -> list[list[str]]:
    """Return a heading, and figures of each recording; nothing where there is one only."""
    sources = {name: result.per_source for name, result in evaluation.models.items()}
    if len(next(iter(sources.values()))) < 2:
        return []
    return _part_rows(sources, (
        'ap50', 'recall', 'precision', 'false_alarms_per_minute', 'latency_ms_p50'),
        counted=False)


def failed(
    recordings: Sequence[Mapping[str, str]]
) -> list[tuple[str, list[list[str]]]]:
    """Return by title the recordings that could not be evaluated, as in metrics.json, if any."""
    rows = [['recording', 'why'], *([item['name'], item['error']] for item in recordings)]
    return [(FAILED, rows)] if recordings else []


def band_figures(
    evaluation: Evaluation, criteria: Criteria, stem: str
) -> dict[str, dict[str, Estimate]]:
    """Return a figure of BANDS, by band in words and by model, where any of them is known."""
    unit = BANDS[stem][-1]
    found = {}
    for band in criteria.height_bands_px if unit == 'px' else criteria.range_bands_m:
        name = f'{stem}_{band_name(band, unit)}'
        items = {model: result.figures[name] for model, result in evaluation.models.items()}
        if not all(math.isnan(item.value) for item in items.values()):
            low, high = band
            words = f'{low:g} and more' if math.isinf(high) else f'{low:g} to {high:g}'
            found[words] = items
    return found


def _part_rows(
    parts: Mapping[str, Mapping[str, Mapping[str, float]]], names: Sequence[str], counted: bool
) -> list[list[str]]:
    """
    Return figures of each class or recording, models one below the other.

    ``parts`` are by model first. ``counted``: say of how many objects, and leave out what has
    none.
    """
    rows = [['', 'model', *(['objects'] if counted else []), *(FORMS[name][0] for name in names)]]
    for label in next(iter(parts.values())):
        for model, figures in ((model, parts[model][label]) for model in parts):
            if not counted or figures['objects']:
                objects = [f'{figures["objects"]:.0f}'] if counted else []
                rows.append([label, model, *objects, *(
                    _number(figures[name], FORMS[name][1]) for name in names)])
    return rows


def _count_rows(counts: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """Return how much there was, by model; what there was none of is left out."""
    names = [name for name in next(iter(counts.values()))
             if any(of_model[name] > 0 for of_model in counts.values())]
    return [['', *counts], *(
        [_count_words(name), *(f'{of_model[name]:.3g}' if name.startswith('minutes')
                               else f'{of_model[name]:.0f}' for of_model in counts.values())]
        for name in names)]


def _count_words(name: str) -> str:
    words = re.sub(r'(\d+)_(\d+)px', r'\1 to \2 px', name).replace('_up_', ' and more ')
    return words.replace('_height_', ', height ').replace('_', ' ')


def _number(value: float, form: str) -> str:
    return '' if math.isnan(value) else f'{value:{form}}'
