# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a build: a page to look at, and a table to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from compressed_detector.cli.build_figures import Examination, detector_of
from compressed_detector.cli.compress_display import figure_rows
from compressed_detector.compression.anatomy import anatomy
from compressed_detector.compression.build import Build
from compressed_detector.config import DetectionSettings
from compressed_detector.detection.drawing import draw
from compressed_detector.evaluation import coco, pictures, report

EXAMPLES = 6
INTRODUCTION = (
    'Times are ratios to the dense network in the first row, measured in turns with it. '
    'Agreement is the average precision against what that network reports on held-out pictures; '
    'its change is from the row above, with the 95 % interval of a paired bootstrap over them: '
    'choose by it, and let labelled pictures confirm.'
)
CURVES = ('loss', 'classes', 'boxes', 'features', 'labels', 'agreement')


def markdown(name: str, stages: Sequence[Mapping[str, Any]]) -> str:
    """Return the figures of every stage as a table in Markdown."""
    heading, *rows = figure_rows(stages)
    lines = [heading, ['---'] + ['---:'] * (len(heading) - 1), *rows]
    return f'# {name}\n\n' + '\n'.join(f'| {" | ".join(line)} |' for line in lines) + '\n'


def html(
    name: str, examination: Examination, examples: Mapping[str, bytes]
) -> str:
    """Return one self-contained page; ``examples`` are pictures by caption."""
    dense, built = examination.first, examination.last
    layers = [['layer', 'kernel', 'share of MACs', 'weights kept', 'bits', 'rank at most']]
    layers += [
        [facts.name, 'x'.join(map(str, facts.shape)), f'{facts.macs_share:.1%}',
         f'{facts.density:.1%}', f'{facts.bits:.1f}', str(facts.rank)]
        for facts in anatomy(built.build.network, built.input_size)
    ]
    return report.page(
        'build_report.html.j2', {**_plots(dense.build, built.build), **examples},
        title=name, introduction=INTRODUCTION, stages=figure_rows(examination.stages),
        layers=layers,
    )


def _plots(dense: Build, built: Build) -> dict[str, bytes]:
    plots = {}
    for number, note in enumerate(built.notes, start=1):
        for stage, facts in note.items():
            if history := facts.get('history'):
                curves = {key: [epoch[key] for epoch in history] for key in CURVES
                          if all(key in epoch for epoch in history)}
                caption = f'Learning curves of stage {number}, {stage}'
                plots[caption] = pictures.learning_curves_png(curves)
    weights = [
        {conv.name: build.network.weights[conv.weight_name]
         for conv in build.network.convolutions} for build in (dense, built)
    ]
    plots['Weights that are not zero: dense in grey, now in blue'] = (
        pictures.weight_histograms_png(*weights))
    return plots


def examples(examination: Examination, paths: Sequence[Path]) -> dict[str, bytes]:
    """Return what both see on some of the pictures, side by side, by caption."""
    detectors = [detector_of(examined.bundle)
                 for examined in (examination.first, examination.last)]
    pairs = []
    for path in paths[::max(len(paths) // EXAMPLES, 1)][:EXAMPLES]:
        image = coco.read_picture(path)
        seen = [draw(image, detector.detect(image, DetectionSettings()), detector.labels)
                for detector in detectors]
        pairs.append((seen[0], seen[1]))
    if not pairs:
        return {}
    return {'Held-out pictures: the dense network left, the built model right of it':
            pictures.jpeg(pictures.side_by_side(pairs))}
