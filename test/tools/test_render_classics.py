# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The page about the classics says what the experiments found, and nothing else."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tools'))

from render_classics import main  # noqa: E402

from compressed_detector.classics.experiment import as_json  # noqa: E402
from compressed_detector.classics.results import (  # noqa: E402
    Curve,
    Figure,
    Plot,
    Result,
    Table,
)

MACHINE = {'cpu': 'some processor', 'cores': 2, 'tensorflow': '2.0', 'date': '2026-01-02'}


def found(ratio: float, quick: bool = False) -> dict[str, Any]:
    result = Result(
        (Figure('ratio', ratio, 40.0, 1.25, 'x'), Figure('without a paper', 7.0)),
        ('it is smaller',),
        (Table('layers', ('layer', 'density'), (('ip1', 0.08),)),),
        (Plot('curve', 'a curve', 'x', 'y', (Curve('a', (1.0, 2.0), (3.0, 4.0)),)),),
    )
    return {'title': 'Deep Compression', 'papers': ['Han et al., 2016'], 'data': 'digits',
            'samples': {'train': 1400, 'test': 300}, 'seeds': [0, 1], 'quick': quick,
            'machine': MACHINE, 'taken_s': 1, **as_json(result)}


def write(folder: Path, results: dict[str, Any]) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / 'classics.json').write_text(json.dumps(results))
    docs = folder.parent / 'docs'
    docs.mkdir(exist_ok=True)
    return [str(folder), '--docs', str(docs)]


def test_the_page_has_figures_beside_the_papers_findings_tables_and_plots(tmp_path: Path) -> None:
    assert main(write(tmp_path / 'out', {'deep_compression': found(42.0)})) == 0
    text = (tmp_path / 'docs' / 'classics.md').read_text()
    assert '| ratio x | 40 | 42 ± 1.2 | 1.05 |' in text
    assert 'without a paper' not in text
    assert '- it is smaller\n' in text
    assert '| ip1 | 0.08 |' in text
    assert '1,400 pictures to learn from' in text
    picture = tmp_path / 'docs' / 'classics' / 'deep-compression-curve.png'
    assert '(classics/deep-compression-curve.png)' in text
    assert picture.read_bytes().startswith(b'\x89PNG')


def test_published_figures_stay_unless_they_are_measured_anew_in_full(tmp_path: Path) -> None:
    main(write(tmp_path / 'out', {'deep_compression': found(42.0), 'binary': found(3.0)}))
    main(write(tmp_path / 'new', {'deep_compression': found(43.0),
                                  'binary': found(9.0, quick=True)}))
    published = json.loads((tmp_path / 'docs' / 'classics.json').read_text())
    assert {name: item['here']['ratio'] for name, item in published.items()} == {
        'deep_compression': 43.0, 'binary': 3.0}


def test_check_notices_a_page_that_was_edited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = write(tmp_path / 'out', {'deep_compression': found(42.0)})
    main(arguments)
    assert main([*arguments, '--check']) == 0
    page = tmp_path / 'docs' / 'classics.md'
    page.write_text(page.read_text().replace('42 ±', '44 ±'))
    assert main([*arguments, '--check']) == 1
    assert 'is out of date' in capsys.readouterr().err
