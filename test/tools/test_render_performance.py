# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The published page says what was measured, and cannot be typed by hand."""

from __future__ import annotations

import copy
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tools'))

from performance_page import page, summary  # noqa: E402
from performance_summary import BEGIN, END, with_summary  # noqa: E402
from render_performance import PLOTS, main  # noqa: E402


def latency(p50_ms: float, ratio: float) -> dict[str, Any]:
    return {'p50_ms': p50_ms, 'p90_ms': p50_ms + 1, 'p99_ms': p50_ms + 2,
            'roofline_fraction': 0.5,
            'ratio': {'value': ratio, 'low': ratio - 0.01, 'high': ratio + 0.01}}


def model(name: str, size: int, ratio: float, **others: Any) -> dict[str, Any]:
    return {
        'name': name, 'input': [1, size, size, 3], 'size_bytes': 4_000_000,
        'operations': {'macs': 2_000_000_000, 'moved_bytes': 50_000_000},
        'energy_estimate': {'low_mj': 1.0, 'high_mj': 8.0},
        'memory': {'before_mb': 30.0, 'steady_mb': 70.0, 'peak_mb': 75.0},
        'latency': {'1': latency(20 * ratio, ratio), '2': latency(12 * ratio, ratio)},
        'batches': {'1': {'1': {'per_image_ms': 20.0}, '8': {'per_image_ms': 18.0}}},
        'profile': {'by_operator': {'Convolution': {
            'count': 3, 'microseconds': 5000.0, 'share': 0.8}}},
        **others,
    }


def peer(name: str, network: str, ratio: float) -> dict[str, Any]:
    return {'peer': name, 'network': network, 'precision': 'float32', 'licence': 'MIT',
            'version': f'{name} 1.0', 'tolerance': 1e-4, 'difference': 5e-7,
            'latency': {'1': latency(20 * ratio, ratio), '2': latency(12 * ratio, ratio)}}


def condition(transport: str, rate_hz: int, overhead_ratio: float) -> dict[str, Any]:
    return {'width': 640, 'height': 480, 'transport': transport, 'rate_hz': rate_hz, 'sent': 300,
            'answered': 299, 'age': {'p50_ms': 11.0, 'p90_ms': 12.0, 'p99_ms': 13.0},
            'latency_p50_ms': 9.0, 'inference_p50_ms': 8.0, 'overhead_ms': 1.0,
            'overhead_ratio': overhead_ratio, 'cpu_percent': 20.0, 'rss_mb': 140.0,
            'peak_rss_mb': 141.0}


MACHINE = {'date': '2026-11-24', 'cpu': 'Some CPU', 'cores': 2, 'instructions': ['avx2'],
           'memory_gib': 8.0, 'system': 'Linux 6.1', 'python': '3.11.7'}
FAMILY = {'quick': 'net_320_wi8_ai8', 'good': 'net_416_wi8_ai8'}
NETWORKS = {
    'machine': MACHINE, 'others_processors': 0.01, 'reference': 'net_416',
    'models': [
        model('net_416', 416, 1.0, ap=0.287),
        model('net_320', 320, 0.6),
        model('net_320_wi8_ai8', 320, 0.2, ap=0.25, batches={'fixed': 'it is fixed'}),
        model('net_416_wi8_ai8', 416, 0.35, ap=0.278, profile={'missing': 'no library'}),
    ],
    'peers': [
        peer('onnxruntime', 'net_416', 0.7), peer('onnxruntime', 'net_320', 0.4),
        {'peer': 'ncnn', 'network': 'net_416', 'precision': 'float32', 'licence': 'BSD',
         'tolerance': 1e-4, 'left_out': 'not installed: ncnn'},
    ],
}
NODE = {'machine': MACHINE, 'others_processors': 0.02, 'model': 'net_416_wi8_ai8',
        'num_threads': 2, 'conditions': [condition('raw', 10, 0.1), condition('raw', 15, 0.125),
                       condition('compressed', 15, 0.5)]}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name, content in (('networks', NETWORKS), ('node', NODE)):
        (tmp_path / f'{name}.json').write_text(json.dumps(content))
    for name in PLOTS:
        (tmp_path / name).write_bytes(b'picture')
    return tmp_path


def test_models_are_compared_with_the_dense_network_and_with_peers_of_their_input_size() -> None:
    found = summary(NETWORKS, NODE, FAMILY)['models']
    assert list(found) == ['net_320_wi8_ai8', 'net_416_wi8_ai8']
    assert found['net_320_wi8_ai8']['latency_ratio'] == 0.2
    assert found['net_320_wi8_ai8']['peers'] == {'onnxruntime': 0.5}
    assert found['net_416_wi8_ai8']['peers'] == {'onnxruntime': 0.5}
    assert found['net_416_wi8_ai8']['ap'] == 0.278
    assert found['net_416_wi8_ai8']['size_bytes'] == 4_000_000


def test_node_is_judged_by_raw_images_at_the_usual_rate() -> None:
    node = summary(NETWORKS, NODE, FAMILY)['node']
    assert (node['overhead_ratio'], node['rate_hz']) == (0.125, 15)
    assert (node['p50_ms'], node['p99_ms']) == (11.0, 13.0)
    assert (node['cpu_percent'], node['rss_mb']) == (20.0, 140.0)
    assert len(node['conditions']) == 3


def test_page_has_every_model_every_peer_and_what_is_missing() -> None:
    text = page(summary(NETWORKS, NODE, FAMILY))
    for words in ('`net_416_wi8_ai8` (`good`) | 0.278 | 4.00 | 2.00 | 0.350 (0.340 to 0.360)',
                  'it is fixed', 'no library', 'not installed: ncnn', 'onnxruntime 1.0',
                  '640x480 compressed', '299/300', 'Some CPU'):
        assert words in text
    for block in text.split('\n\n'):
        rows = [line for line in block.splitlines() if line.startswith('|')]
        if rows:
            assert rows[1].count('|') == rows[0].count('|')


def test_page_that_was_changed_by_hand_is_noticed(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs, readme = tmp_path / 'docs', tmp_path / 'README.md'
    docs.mkdir()
    readme.write_text(f'Before\n{BEGIN}\nold\n{END}\nafter\n')
    places = ['--docs', str(docs), '--readme', str(readme)]
    assert main([str(results), *places]) == 0
    assert {path.name for path in docs.iterdir()} == {
        'performance.json', 'performance.md', *PLOTS}
    for text, old, new in ((docs / 'performance.md', '11.00', '10.00'),
                           (readme, '0.287', '0.387')):
        assert main(['--check', *places]) == 0
        written = text.read_text()
        text.write_text(written.replace(old, new))
        assert main(['--check', *places]) == 1
        assert f'{text} is out of date' in capsys.readouterr().err
        assert main(places) == 0
        assert text.read_text() == written


def test_summary_is_between_its_markers_and_has_models_peers_and_the_node() -> None:
    figures = summary(NETWORKS, NODE, FAMILY)
    text = with_summary(f'Before\n{BEGIN}old{END}\nafter\n', figures)
    assert re.fullmatch(f'Before\n{BEGIN}\n.*\n{END}\nafter\n', text, re.DOTALL)
    for words in ('| `good` | 416x416 | 0.278 | 4.00 | 0.35 | 0.50 |  | 70 |',
                  '| the network as published, float32 | 416x416 | 0.287 | 4.00 | 1.00 | 1.43 |',
                  'The node with `good`, 640x480 raw at\n15 Hz: 11.0 ms',
                  '20 % of a core, 140 MB'):
        assert words in text
    assert with_summary(text, figures) == text
    with pytest.raises(ValueError, match='once, got them 0 times'):
        with_summary('nothing', figures)


def test_other_figures_make_another_page() -> None:
    faster = copy.deepcopy(NETWORKS)
    faster['models'][3]['latency']['1'] = latency(2.0, 0.1)
    assert page(summary(faster, NODE, FAMILY)) != page(summary(NETWORKS, NODE, FAMILY))
