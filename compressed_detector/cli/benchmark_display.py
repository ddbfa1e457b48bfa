# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The tables that benchmark_model shows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from compressed_detector.benchmark.figures import threads_in_words

WIDTH = 150  # of tables where there is no terminal


def show_networks(results: Mapping[str, Any]) -> None:
    """Print what networks cost."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(_models(results))
    for threads in results['plan']['threads']:
        console.print(_times(results, str(threads)))
    if any('fixed' not in model['batches'] for model in results['models']):
        console.print(_batches(results))
    console.print(_notes(results), markup=False, highlight=False)


def show_node(results: Mapping[str, Any]) -> None:
    """Print what the node costs."""
    table = _table(
        f'{results["model"]}, {threads_in_words(results["num_threads"])} (ms)', 'Hz', 'answered',
        'stamp to publication p50', 'p99', 'receipt to publication', 'network', 'overhead',
        'CPU', 'MB', 'MB peak')
    for item in results['conditions']:
        age = item['age']
        table.add_row(
            f'{item["width"]}x{item["height"]} {item["transport"]}', f'{item["rate_hz"]:g}',
            f'{item["answered"]}/{item["sent"]}', f'{age["p50_ms"]:.2f}', f'{age["p99_ms"]:.2f}',
            f'{item["latency_p50_ms"]:.2f}', f'{item["inference_p50_ms"]:.2f}',
            f'{item["overhead_ratio"]:.1%}', f'{item["cpu_percent"]:.0f}%',
            f'{item["rss_mb"]:.0f}', f'{item["peak_rss_mb"]:.0f}',
        )
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(table)
    console.print(
        'overhead: what is not the network, of the network, from receipt to publication\n'
        + _others(results), markup=False, highlight=False)


def _others(results: Mapping[str, Any]) -> str:
    return (f'others took {results["others_processors"]:.2f} processors meanwhile: more than '
            'about 0.1 spoils times, and less their ratios')


def _table(title: str, *columns: str) -> Table:
    table = Table('', box=SIMPLE_HEAD, title=title)
    for column in columns:
        table.add_column(column, justify='right')
    return table


def _models(results: Mapping[str, Any]) -> Table:
    table = _table('models', 'MB', 'AP', 'GMAC', 'MB moved', 'MB steady', 'MB peak',
                   'mJ estimated')
    for model in results['models']:
        work, energy, memory = model['operations'], model['energy_estimate'], model['memory']
        table.add_row(
            model['name'], f'{model["size_bytes"] / 1e6:.2f}',
            f'{model["ap"]:.3f}' if 'ap' in model else '', f'{work["macs"] / 1e9:.3f}',
            f'{work["moved_bytes"] / 1e6:.1f}', f'{memory["steady_mb"]:.0f}',
            f'{memory["peak_mb"]:.0f}', f'{energy["low_mj"]:.1f} to {energy["high_mj"]:.1f}',
        )
    return table


def _times(results: Mapping[str, Any], threads: str) -> Table:
    table = _table(f'one image, {threads_in_words(threads)} (ms)', 'p50', 'p90', 'p99',
                   f'times {results["reference"]}', 'images/s', 'of the roof')
    for name, item in _timed(results):
        found = item['latency'][threads]
        ratio = found['ratio']
        part = found.get('roofline_fraction')
        table.add_row(
            name, *(f'{found[key]:.2f}' for key in ('p50_ms', 'p90_ms', 'p99_ms')),
            f'{ratio["value"]:.3f} ({ratio["low"]:.3f} to {ratio["high"]:.3f})',
            f'{found["images_per_s"]:.1f}', '' if part is None else f'{part:.0%}',
        )
    return table


def _timed(results: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    models = [(model['name'], model) for model in results['models']]
    return models + [(f'{peer["network"]} {peer["peer"]}', peer)
                     for peer in results['peers'] if 'latency' in peer]


def _batches(results: Mapping[str, Any]) -> Table:
    batches = [str(batch) for batch in results['plan']['batches']]
    table = _table('milliseconds for each image, by how many at once', 'threads', *batches)
    for model in results['models']:
        if 'fixed' in model['batches']:
            table.add_row(model['name'], '', model['batches']['fixed'])
            continue
        for threads, found in model['batches'].items():
            table.add_row(model['name'], threads,
                          *(f'{found[batch]["per_image_ms"]:.2f}' for batch in batches))
    return table


def _notes(results: Mapping[str, Any]) -> str:
    lines = [
        'energy: estimated from operations and bytes with 45 nm figures (Han et al., EIE, 2016), '
        'from all between layers in on-chip memory to all in DRAM; no measurement',
        'of the roof: of what a float32 matrix product and a copy reach here; int8 may exceed it',
        _others(results),
    ]
    if all(model['energy_rapl_mj'] is None for model in results['models']):
        lines.append('the processor does not let its energy counters (RAPL) be read')
    lines += [f'left out: {peer["network"]} {peer["peer"]}: {peer["left_out"]}'
              for peer in results['peers'] if 'left_out' in peer]
    return '\n'.join(lines)
