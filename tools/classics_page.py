# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The page about the reproduced classics, and its plots, from what the experiments found."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from compressed_detector.classics.experiment import figures_of
from compressed_detector.classics.results import Figure

INTRODUCTION = """# The classics, reproduced

Written by `tools/render_classics.py` from [classics.json](classics.json), which
`compress_model reproduce` measured.

The stages of [recipes](recipes.md) come from papers about networks that tell pictures apart. Here
the same code shows those papers' headline results, on data that installs offline: where the
dataset is another one, so is the accuracy, and the column *paper* is there to compare ratios and
not digits. Shares are from 0 to 1; ± is the standard deviation over seeds. Try one:

```
sudo apt-get install dataset-fashion-mnist
.venv/bin/compress_model reproduce deep_compression --quick    # minutes; without --quick as below
```
"""


def page(found: Mapping[str, Any], folder: str) -> str:
    """Return the page in Markdown; ``folder`` is where its plots are, relative to it."""
    parts = [INTRODUCTION, _contents(found)]
    parts += [_section(name, item, folder) for name, item in found.items()]
    return '\n'.join(parts)


def plots(found: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the plots of all experiments as PNG by the names of their files."""
    return {_file(name, plot): _png(plot) for name, item in found.items()
            for plot in item['plots']}


def _contents(found: Mapping[str, Any]) -> str:
    return ''.join(f'- [{item["title"]}](#{name_of(name)}): {item["data"]}\n'
                   for name, item in found.items())


def name_of(name: str) -> str:
    """Return the anchor of an experiment."""
    return ''.join(letter if letter.isalnum() else '-' for letter in name).strip('-')


def _section(name: str, item: Mapping[str, Any], folder: str) -> str:
    where = item['machine']
    lines = [
        f'<a id="{name_of(name)}"></a>\n\n## {item["title"]}\n',
        *(f'- {paper}' for paper in item['papers']),
        f'\n`compress_model reproduce {_command(item, name)}`: {item["data"]} '
        f'({item["samples"]["train"]:,} pictures to learn from, {item["samples"]["test"]:,} to '
        f'test with), seeds {", ".join(map(str, item["seeds"]))}; {where["cpu"]}, '
        f'{where["cores"]} cores, TensorFlow {where["tensorflow"]}, {where["date"]}.\n',
    ]
    lines += [f'- {finding}' for finding in item['findings']]
    # The others are in the tables, the plots and the .json.
    compared = [figure for figure in figures_of(item) if figure.paper is not None]
    if compared:
        lines += ['', *_table(('', 'paper', 'here', 'here / paper'), map(_row, compared))]
    for table in item['tables']:
        lines += ['', f'**{table["title"]}**', '', *_table(table['columns'], table['rows'])]
    lines += [f'\n![{plot["title"]}]({folder}/{_file(name, plot)})' for plot in item['plots']]
    return '\n'.join(lines) + '\n'


def _command(item: Mapping[str, Any], name: str) -> str:
    experiment = name.partition(' ')[0]
    other = f' --dataset {item["data"]}' if ' ' in name else ''
    return experiment + other


def _row(figure: Figure) -> tuple[str, ...]:
    spread = f' ± {figure.spread:.2g}' if figure.spread else ''
    return (
        f'{figure.name} {figure.unit}'.strip(),
        _cell(figure.paper),
        f'{_cell(figure.here)}{spread}',
        '' if figure.ratio is None else f'{figure.ratio:.2f}',
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    head = '| ' + ' | '.join(columns) + ' |'
    rule = '|' + '---|' * len(columns)
    return [head, rule, *('| ' + ' | '.join(map(_cell, row)) + ' |' for row in rows)]


def _cell(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, float):
        return f'{value:,.4g}' if abs(value) < 1000 else f'{value:,.0f}'
    return f'{value:,}' if isinstance(value, int) else str(value)


def _file(name: str, plot: Mapping[str, Any]) -> str:
    return f'{name_of(name)}-{plot["name"]}.png'


def _png(plot: Mapping[str, Any]) -> bytes:
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6.4, 4.0), dpi=80, layout='constrained')
    axes = canvas.subplots()
    for curve in plot['curves']:
        axes.errorbar(curve['x'], curve['y'], curve['spread'] or None, label=curve['label'],
                      marker='.', capsize=2, linewidth=1.2)
    axes.set(title=plot['title'], xlabel=plot['x_label'], ylabel=plot['y_label'],
             xscale='log' if plot['x_log'] else 'linear',
             yscale='log' if plot['y_log'] else 'linear')
    axes.grid(alpha=0.3)
    if len(plot['curves']) > 1:
        axes.legend(fontsize=8)
    buffer = io.BytesIO()
    canvas.savefig(buffer, format='png')
    return buffer.getvalue()


def write(found: Mapping[str, Any], docs: Path, folder: str) -> None:
    """Write page and plots; plots of earlier results go."""
    (docs / folder).mkdir(exist_ok=True)
    drawn = plots(found)
    for stale in (docs / folder).glob('*.png'):
        if stale.name not in drawn:
            stale.unlink()
    for name, content in drawn.items():
        (docs / folder / name).write_bytes(content)
    (docs / 'classics.md').write_text(page(found, folder), encoding='utf-8')
