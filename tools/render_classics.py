# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Write docs/classics.json, docs/classics.md and its plots from what compress_model reproduce found.

    python tools/render_classics.py out/classics

Experiments that are not in that folder keep their published figures. With --check nothing is
written; the exit code says whether the page is what docs/classics.json says.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from classics_page import page, write

from compressed_detector.classics.experiment import read
from compressed_detector.classics.experiments import EXPERIMENTS
from compressed_detector.cli.reproduce import RESULTS

ROOT = Path(__file__).resolve().parent.parent
PLOTS = 'classics'


def main(argv: list[str] | None = None) -> int:
    """Write or check the page; return 1 when it is out of date."""
    parser = argparse.ArgumentParser(description='Write the page about the classics.')
    parser.add_argument('results', type=Path, nargs='?', default=ROOT / 'out' / 'classics',
                        help='what compress_model reproduce wrote (default out/classics)')
    parser.add_argument('--docs', type=Path, default=ROOT / 'docs')
    parser.add_argument('--check', action='store_true', help='write nothing')
    arguments = parser.parse_args(argv)
    figures, text = arguments.docs / RESULTS, arguments.docs / 'classics.md'
    published = read(figures) if figures.exists() else {}
    if arguments.check:
        if text.read_text(encoding='utf-8') == page(published, PLOTS):
            return 0
        print(f'{text} is out of date: run python tools/render_classics.py', file=sys.stderr)
        return 1
    new = {name: item for name, item in read(arguments.results / RESULTS).items()
           if not item['quick']}
    found = ordered({**published, **new})
    figures.write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    write(found, arguments.docs, PLOTS)
    return 0


def ordered(found: dict[str, Any]) -> dict[str, Any]:
    """Return the results in the order of the experiments."""
    places = list(EXPERIMENTS)
    return dict(sorted(found.items(), key=lambda pair: (
        places.index(pair[0].partition(' ')[0]), pair[0])))


if __name__ == '__main__':
    sys.exit(main())
