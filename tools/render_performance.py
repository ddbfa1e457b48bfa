# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write docs/performance.json and docs/performance.md from what benchmark_model measured.

    python tools/render_performance.py out/benchmark

With --check nothing is written; the exit code says whether the page is what the figures in
docs/performance.json say.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from performance_page import page, summary

ROOT = Path(__file__).resolve().parent.parent
FAMILY = ROOT / 'models' / 'nanodet_g' / 'family.json'
PLOTS = ('accuracy_by_latency.png', 'latency_by_batch.png')


def main(argv: list[str] | None = None) -> int:
    """Write or check the page; return 1 when it is out of date."""
    parser = argparse.ArgumentParser(description='Write the page about performance.')
    parser.add_argument('results', type=Path, nargs='?', default=ROOT / 'out' / 'benchmark',
                        help='what benchmark_model wrote (default out/benchmark)')
    parser.add_argument('--docs', type=Path, default=ROOT / 'docs')
    parser.add_argument('--check', action='store_true', help='write nothing')
    arguments = parser.parse_args(argv)
    figures, text = arguments.docs / 'performance.json', arguments.docs / 'performance.md'
    if arguments.check:
        if text.read_text(encoding='utf-8') == page(_read(figures)):
            return 0
        print(f'{text} is out of date: run python tools/render_performance.py', file=sys.stderr)
        return 1
    found = summary(_read(arguments.results / 'networks.json'),
                    _read(arguments.results / 'node.json'), _read(FAMILY))
    figures.write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    text.write_text(page(found), encoding='utf-8')
    for name in PLOTS:
        shutil.copy(arguments.results / name, arguments.docs / name)
    return 0


def _read(path: Path) -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    return content


if __name__ == '__main__':
    sys.exit(main())
