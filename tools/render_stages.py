# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write docs/stages.json, docs/stages.md and their plot from what compress_model build measured.

    python tools/render_stages.py out/models

With --check nothing is written; the exit code says whether the page is what docs/stages.json says.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MARKERS = 'os^vDP*X<>h'
SUFFIX = '.metrics.json'
FIGURES = ('stage', 'macs', 'nonzero', 'size_bytes', 'archive_bytes', 'latency_ratio_1thread',
           'agreement', 'agreement_change', 'ap', 'ap50')
COLUMNS = ('model', 'after', 'GMAC', 'M nonzero', 'MB `.tflite`', 'MB `.dcz`', 'time, 1 thread',
           'agreement', 'change [95 %]', 'AP', 'AP50')
INTRODUCTION = """# What every stage costs and wins, on NanoDet-g

Written by `tools/render_stages.py` from [stages.json](stages.json): the `.metrics.json` that
`compress_model build` writes, of one short recipe for every kind of stage
([recipes.md](recipes.md) says what they are). They show what a stage does by itself, with little
or no training after it; what ships is in [models/README.md](../models/README.md).

*AP* is on 80 labelled COCO pictures: differences of less than 0.02 are noise. *agreement* is with
the dense network on held-out pictures without labels, and is what to choose by; *change* is from
the row before, with a paired bootstrap. *time* is relative to the dense network in float32, in
turns with it in the same run; stages in float are converted to float32, where zeros and codebooks
win nothing, and show what they win in the coded file (`.dcz`).

![average precision against bytes of the coded file](stages.png)
"""


def main(argv: list[str] | None = None) -> int:
    """Write or check the page; return 1 when it is out of date."""
    parser = argparse.ArgumentParser(description='Write the page about stages.')
    parser.add_argument('results', type=Path, nargs='?', default=ROOT / 'out' / 'models',
                        help='where compress_model build wrote (default out/models)')
    parser.add_argument('--docs', type=Path, default=ROOT / 'docs')
    parser.add_argument('--check', action='store_true', help='write nothing')
    arguments = parser.parse_args(argv)
    figures, text = arguments.docs / 'stages.json', arguments.docs / 'stages.md'
    if arguments.check:
        if text.read_text(encoding='utf-8') == page(json.loads(figures.read_bytes())):
            return 0
        print(f'{text} is out of date: run python tools/render_stages.py', file=sys.stderr)
        return 1
    found = {path.name.removesuffix(SUFFIX): stages(json.loads(path.read_bytes()))
             for path in sorted(arguments.results.glob(f'*{SUFFIX}'))}
    if not found:
        print(f'{arguments.results}: expected *{SUFFIX}, got none: run compress_model build',
              file=sys.stderr)
        return 1
    figures.write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    text.write_text(page(found), encoding='utf-8')
    draw(found, arguments.docs / 'stages.png')
    return 0


def stages(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a build measured, stage by stage."""
    return [{key: stage[key] for key in FIGURES if key in stage} for stage in metrics['stages']]


def page(found: Mapping[str, Any]) -> str:
    """Return the page in Markdown."""
    lines = [INTRODUCTION, '| ' + ' | '.join(COLUMNS) + ' |', '|' + '---|' * len(COLUMNS)]
    dense = next(iter(found.values()))[0]
    lines.append(_row('', dense))
    lines += [_row(name if number == 0 else '', stage) for name, built in found.items()
              for number, stage in enumerate(built[1:])]
    return '\n'.join(lines) + '\n'


def _row(name: str, stage: Mapping[str, Any]) -> str:
    change = stage.get('agreement_change')
    cells = [
        name and f'`{name}`', stage['stage'], f'{stage["macs"] / 1e9:.2f}',
        f'{stage["nonzero"] / 1e6:.2f}', f'{stage["size_bytes"] / 1e6:.2f}',
        f'{stage["archive_bytes"] / 1e6:.2f}', f'{stage["latency_ratio_1thread"]:.2f}',
        f'{stage["agreement"]:.3f}',
        '{:+.3f} [{:+.3f}, {:+.3f}]'.format(*change) if change else '',
        f'{stage["ap"]:.3f}', f'{stage["ap50"]:.3f}',
    ]
    return '| ' + ' | '.join(cells) + ' |'


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Write the plot."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(8.4, 4.6), dpi=90, layout='constrained')
    axes = canvas.subplots()
    for number, (label, megabytes, precision) in enumerate(_points(found)):
        axes.plot(megabytes, precision, MARKERS[number % len(MARKERS)], label=label)
    axes.set(xscale='log', xlabel='megabytes of the coded file (.dcz)', ylabel='AP',
             title='NanoDet-g after short recipes')
    axes.xaxis.set_major_formatter('{x:g}')
    axes.xaxis.set_minor_formatter('{x:g}')
    axes.tick_params(axis='x', which='minor', labelsize=7)
    axes.grid(alpha=0.3, which='both')
    canvas.legend(loc='outside right upper', fontsize=8)
    canvas.savefig(path)


def _points(found: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    dense = next(iter(found.values()))[0]
    yield 'dense', dense['archive_bytes'] / 1e6, dense['ap']
    for built in found.values():
        last = built[-1]
        label = ' '.join(stage['stage'] for stage in built[1:])
        yield label, last['archive_bytes'] / 1e6, last['ap']


if __name__ == '__main__':
    sys.exit(main())
