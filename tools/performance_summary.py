# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The summary of published figures that the README shows, between two markers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from performance_page import table

BEGIN = '<!-- written by tools/render_performance.py: begin -->'
END = '<!-- end -->'
# The peers that are compared with: the usual float32 runtime, and the best int8 one.
PEERS = {'onnxruntime': 'ONNX Runtime', 'openvino_int8': 'OpenVINO int8'}


def with_summary(readme: str, figures: Mapping[str, Any]) -> str:
    """Return the text with the summary between its markers; ValueError where there are none."""
    found, count = re.subn(
        f'{re.escape(BEGIN)}.*?{re.escape(END)}',
        lambda _: f'{BEGIN}\n{_summary(figures)}\n{END}', readme, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f'expected {BEGIN} and {END} once, got them {count} times')
    return found


def _summary(figures: Mapping[str, Any]) -> str:
    node, machine = figures['node'], figures['machine']
    reference = figures['dense'][figures['reference']]
    model = f'`{figures["models"].get(node["model"], {}).get("short", node["model"])}`'
    rows = [_row(f'`{model["short"]}`', model) for model in figures['models'].values()]
    rows.append(_row('the network as published, float32', reference))
    of_peers = ' and '.join(f'of {words}' for words in PEERS.values())
    return f"""{table(['`model`', 'looks at', 'AP', 'MB', 'time, 1 thread', *(
        f'{words} = 1' for words in PEERS.values()), 'MB memory'], rows)}

*Time* is over that of the last row, and then over that {of_peers}, with
the dense network of the same input size, all in turns on {machine['cpu']}, {machine['date']}.
The node with {model}, {node['width']}x{node['height']} {node['transport']} at
{node['rate_hz']:g} Hz: {node['p50_ms']:.1f} ms from stamp to publication
(p99 {node['p99_ms']:.1f}), {node['cpu_percent']:.0f} % of a core, {node['rss_mb']:.0f} MB."""


def _row(name: str, model: Mapping[str, Any]) -> list[str]:
    size = model['input_size']
    return [
        name, f'{size}x{size}', f'{model["ap"]:.3f}' if 'ap' in model else '',
        f'{model["size_bytes"] / 1e6:.2f}', f'{model["latency_ratio"]:.2f}',
        *(f'{model["peers"][peer]:.2f}' if peer in model['peers'] else '' for peer in PEERS),
        f'{model["memory"]["steady_mb"]:.0f}',
    ]
