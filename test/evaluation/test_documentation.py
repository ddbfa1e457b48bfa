# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""docs/metrics.md names every figure, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from recordings import recording

from compressed_detector.evaluation.criteria import Criteria, StopZone
from compressed_detector.evaluation.evaluate import USAGE_FIGURES
from compressed_detector.evaluation.evidence import gather
from compressed_detector.evaluation.figures import figures
from compressed_detector.evaluation.units import units_of

DOCUMENT = Path(__file__).parents[2] / 'docs' / 'metrics.md'


def documented() -> set[str]:
    """Return the figures of the tables; `_p90` in a row goes on from the name before it."""
    names = set()
    for line in DOCUMENT.read_text().splitlines():
        if not (line.startswith('| `') and line.count('|') == 3):
            continue
        stem = ''
        for name in re.findall(r'`([\w.]+)`', line.split('|')[1]):
            names.add(stem + name if name.startswith('_') else name)
            stem = stem if name.startswith('_') else re.sub(r'_[a-z]+\d*$', '', name)
    return names


def test_every_figure_is_documented_and_nothing_else() -> None:
    criteria = Criteria(stop_zones=(StopZone(1, 1),))
    film = recording([[]], [[]])
    known = {*figures(gather([film], units_of([film]), criteria), criteria), *USAGE_FIGURES}
    # Bands and zones are written with two points for what varies.
    known = {re.sub(r'_\d\w*?(px|m)$', r'_..\1', name) for name in known}
    assert documented() == known
