# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write docs/performance.json, docs/performance.md and the README's summary of what was measured.

    python tools/render_performance.py out/benchmark

Without the folder of benchmark_model, page and summary are written from docs/performance.json as
it is. With --check nothing is written; the exit code says whether they are what it says.
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
from performance_summary import with_summary

ROOT = Path(__file__).resolve().parent.parent
FAMILY = ROOT / 'models' / 'nanodet_g' / 'family.json'
PLOTS = ('accuracy_by_latency.png', 'latency_by_batch.png')


def main(argv: list[str] | None = None) -> int:
    """Write or check page and summary; return 1 when one is out of date."""
    parser = argparse.ArgumentParser(description='Write the page about performance.')
    parser.add_argument('results', type=Path, nargs='?', help='what benchmark_model wrote')
    parser.add_argument('--docs', type=Path, default=ROOT / 'docs')
    parser.add_argument('--readme', type=Path, default=ROOT / 'README.md')
    parser.add_argument('--check', action='store_true', help='write nothing')
    arguments = parser.parse_args(argv)
    if arguments.results and not arguments.check:
        _publish(arguments.results, arguments.docs)
    figures = _read(arguments.docs / 'performance.json')
    readme = arguments.readme.read_text(encoding='utf-8')
    wanted = {arguments.docs / 'performance.md': page(figures),
              arguments.readme: with_summary(readme, figures)}
    if not arguments.check:
        for path, text in wanted.items():
            path.write_text(text, encoding='utf-8')
        return 0
    old = [path for path, text in wanted.items() if path.read_text(encoding='utf-8') != text]
    for path in old:
        print(f'{path} is out of date: run python tools/render_performance.py', file=sys.stderr)
    return 1 if old else 0


def _publish(results: Path, docs: Path) -> None:
    found = summary(_read(results / 'networks.json'), _read(results / 'node.json'), _read(FAMILY))
    (docs / 'performance.json').write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    for name in PLOTS:
        shutil.copy(results / name, docs / name)


def _read(path: Path) -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    return content


if __name__ == '__main__':
    sys.exit(main())
