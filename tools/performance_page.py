# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of a benchmark that are published, and the page that says them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compressed_detector.benchmark.figures import threads_in_words

# What the node is judged by.
NODE = {'width': 640, 'height': 480, 'transport': 'raw'}
NODE_RATE_HZ = 15
OPERATORS = 6


def summary(
    networks: Mapping[str, Any], node: Mapping[str, Any], family: Mapping[str, str]
) -> dict[str, Any]:
    """
    Return the figures to be published.

    ``latency_ratio`` of a model is its time over that of the dense network in float32 under
    LiteRT; its ``peers`` are its time over theirs for the dense network of its input size, so that
    less than 1 is faster than the peer. Both on one thread, in turns, medians.
    """
    short = {name: alias for alias, name in family.items()}
    by_name = {model['name']: model for model in networks['models']}
    ours = {name: _model(model, networks) for name, model in by_name.items() if name in short}
    return {
        'date': networks['machine']['date'],
        'machine': networks['machine'],
        'others_processors': {'networks': networks['others_processors'],
                              'node': node['others_processors']},
        'reference': networks['reference'],
        'models': {
            name: {'short': short[name], **figures} for name, figures in ours.items()},
        'dense': {name: _model(model, networks) for name, model in by_name.items()
                  if name not in short},
        'peers': [{**peer, 'latency': {threads: found['ratio'] for threads, found in
                                       peer.get('latency', {}).items()}}
                  for peer in networks['peers']],
        'node': _node(node),
    }


def _model(model: Mapping[str, Any], networks: Mapping[str, Any]) -> dict[str, Any]:
    one = model['latency']['1']
    size = model['input'][1]
    same_size = [peer for peer in networks['peers']
                 if 'latency' in peer and peer['network'].endswith(f'_{size}')]
    ratio = one['ratio']['value']
    return {
        **({'ap': model['ap']} if 'ap' in model else {}),
        'size_bytes': model['size_bytes'],
        'latency_ratio': ratio,
        'peers': {peer['peer']: round(ratio / peer['latency']['1']['ratio']['value'], 4)
                  for peer in same_size},
        'input_size': size,
        'macs': model['operations']['macs'],
        'moved_bytes': model['operations']['moved_bytes'],
        'memory': model['memory'],
        'energy_estimate_mj': [model['energy_estimate'][key] for key in ('low_mj', 'high_mj')],
        'latency': {
            threads: {key: found[key] for key in
                      ('p50_ms', 'p90_ms', 'p99_ms', 'ratio', 'roofline_fraction')}
            for threads, found in model['latency'].items()
        },
        'batches': model['batches'] if 'fixed' in model['batches'] else {
            threads: {batch: item['per_image_ms'] for batch, item in found.items()}
            for threads, found in model['batches'].items()
        },
        'profile': model['profile'],
    }


def _node(node: Mapping[str, Any]) -> dict[str, Any]:
    judged = next(item for item in node['conditions'] if item['rate_hz'] == NODE_RATE_HZ and all(
        item[key] == value for key, value in NODE.items()))
    return {
        'model': node['model'], 'num_threads': node['num_threads'], **NODE,
        'rate_hz': judged['rate_hz'], 'overhead_ratio': judged['overhead_ratio'],
        'overhead_ms': judged['overhead_ms'], 'p50_ms': judged['age']['p50_ms'],
        'p99_ms': judged['age']['p99_ms'], 'cpu_percent': judged['cpu_percent'],
        'rss_mb': judged['rss_mb'], 'conditions': node['conditions'],
    }


def page(figures: Mapping[str, Any]) -> str:
    """Return the page, Markdown."""
    machine, others = figures['machine'], figures['others_processors']
    return f"""# Performance

Written by `tools/render_performance.py` from what `make benchmark` measured; all figures are in
[performance.json](performance.json). Times are of one machine and of one run: compare the ratios,
which come from networks that took turns.

{machine['date']}; {machine['cpu']}, {machine['cores']} cores
({', '.join(machine['instructions'])}), {machine['memory_gib']} GiB; {machine['system']}; Python
{machine['python']}. Meanwhile everything else took {others['networks']:.2f} processors (networks)
and {others['node']:.2f} (node).

## Models

{_model_table(figures)}

`{figures['reference']}` and others without a short name are the dense networks in float32.
*AP*: as the build measured it ([models](../models/README.md)). *Time*: over that of
`{figures['reference']}`, median, with a 95 % interval. *Memory*: resident in a process that does
nothing else, Python, NumPy and OpenCV included. *Energy*: an estimate from operations and bytes
with 45 nm figures (Han et al., EIE, ISCA 2016), from all that is between layers in on-chip memory
to all in DRAM; no measurement. *Roof*: part of what a float32 matrix product and a copy reach here
on one thread; int8 may exceed it.

{_latency_table(figures)}

![Accuracy against latency](accuracy_by_latency.png)

## Several images at a time

Milliseconds for each image.

{_batch_table(figures)}

![Latency against batch](latency_by_batch.png)

## Other runtimes

The dense network of each input size, in the same run. Each computed the same as LiteRT on pictures
before it was timed: *difference* is relative, root mean squares, and must be below *limit*. Time
is over that of `{figures['reference']}` under LiteRT.

{_peer_table(figures)}

How our models compare with them: time of the model over that of the peer for the dense network of
the same input size, one thread.

{_comparison_table(figures)}

## Where the time of a network goes

{_profiles(figures)}

## The node

{_node_text(figures['node'])}
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are right-aligned."""
    lines = [head, ['---', *['---:'] * (len(head) - 1)], *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _models(figures: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {**figures['models'], **figures['dense']}


def _model_table(figures: Mapping[str, Any]) -> str:
    rows = []
    for name, model in _models(figures).items():
        low, high = model['energy_estimate_mj']
        alias = f' (`{model["short"]}`)' if 'short' in model else ''
        rows.append([
            f'`{name}`{alias}', f'{model["ap"]:.3f}' if 'ap' in model else '',
            f'{model["size_bytes"] / 1e6:.2f}', f'{model["macs"] / 1e9:.2f}',
            _ratio(model['latency']['1']['ratio']), f'{model["memory"]["steady_mb"]:.0f}',
            f'{model["memory"]["peak_mb"]:.0f}', f'{low:.1f} to {high:.1f}',
            f'{model["latency"]["1"]["roofline_fraction"]:.0%}',
        ])
    return table(['model', 'AP', 'MB', 'GMAC', 'time, 1 thread', 'MB memory', 'MB at most',
                  'mJ (estimate)', 'roof'], rows)


def _ratio(ratio: Mapping[str, float]) -> str:
    return f'{ratio["value"]:.3f} ({ratio["low"]:.3f} to {ratio["high"]:.3f})'


def _latency_table(figures: Mapping[str, Any]) -> str:
    return table(
        ['one image', 'threads', 'p50 (ms)', 'p90', 'p99', 'images per s'],
        [[f'`{name}`', threads, *(f'{found[key]:.2f}' for key in ('p50_ms', 'p90_ms', 'p99_ms')),
          f'{1e3 / found["p50_ms"]:.0f}']
         for name, model in _models(figures).items()
         for threads, found in model['latency'].items()])


def _batch_table(figures: Mapping[str, Any]) -> str:
    rows, batches = [], ['1']
    for name, model in _models(figures).items():
        if 'fixed' in model['batches']:
            rows.append([f'`{name}`', model['batches']['fixed']])
            continue
        for threads, found in model['batches'].items():
            batches = [*found]
            rows.append([f'`{name}`', threads, *(f'{value:.2f}' for value in found.values())])
    return table(['images at a time', 'threads', *batches], rows)


def _peer_table(figures: Mapping[str, Any]) -> str:
    threads = [*next(iter(figures['dense'].values()))['latency']]
    rows = []
    for peer in figures['peers']:
        head = [f'`{peer["network"]}`', peer['peer'], peer.get('version', ''), peer['licence']]
        if 'left_out' in peer:
            rows.append([*head, peer['left_out']])
            continue
        rows.append([*head, f'{peer["difference"]:.1e}', f'{peer["tolerance"]:g}',
                     *(_ratio(peer['latency'][number]) for number in threads)])
    return table(['network', 'runtime', 'version', 'licence', 'difference', 'limit',
                  *(f'time, {threads_in_words(number)}' for number in threads)], rows)


def _comparison_table(figures: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(
        peer for model in figures['models'].values() for peer in model['peers']))
    return table(['model', *names], [
        [f'`{name}`', *(f'{model["peers"][peer]:.2f}' if peer in model['peers'] else ''
                        for peer in names)]
        for name, model in figures['models'].items()])


def _profiles(figures: Mapping[str, Any]) -> str:
    parts = []
    for name, model in figures['models'].items():
        profile = model['profile']
        if 'missing' in profile:
            parts.append(f'`{name}`: {profile["missing"]}')
            continue
        rows = [[kind, f'{item["count"]:.0f}', f'{item["microseconds"] / 1e3:.2f}',
                 f'{item["share"]:.0%}']
                for kind, item in [*profile['by_operator'].items()][:OPERATORS]]
        parts.append(f'`{name}`, one thread, by the profiler of LiteRT:\n\n' + table(
            ['operator', 'count', 'ms', 'share'], rows))
    return '\n\n'.join(parts)


def _node_text(node: Mapping[str, Any]) -> str:
    rows = [
        [f'{item["width"]}x{item["height"]} {item["transport"]}', f'{item["rate_hz"]:g}',
         f'{item["age"]["p50_ms"]:.2f}', f'{item["age"]["p99_ms"]:.2f}',
         f'{item["latency_p50_ms"]:.2f}', f'{item["inference_p50_ms"]:.2f}',
         f'{item["overhead_ms"]:.2f}', f'{item["overhead_ratio"]:.0%}',
         f'{item["cpu_percent"]:.0f} %', f'{item["rss_mb"]:.0f}',
         f'{item["answered"]}/{item["sent"]}']
        for item in node['conditions']
    ]
    return f"""The real process with `{node['model']}` and
{threads_in_words(node['num_threads'])}, before a camera in another process. *Stamp to publication*
includes that the image is sent over DDS; *receipt to publication* is the node's own part.
*Overhead* is what of that is not the network, in milliseconds and as a part of the network's time.
CPU is of one core.

{table(['images', 'Hz', 'stamp to publication p50 (ms)', 'p99', 'receipt to publication p50',
        'network', 'overhead', 'of the network', 'CPU', 'MB', 'answered'], rows)}"""
