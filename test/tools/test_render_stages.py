# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The page about stages says what compress_model build measured."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tools'))

from render_stages import main  # noqa: E402


def stage(name: str, **changes: Any) -> dict[str, Any]:
    return {'stage': name, 'macs': 2_090_000_000, 'nonzero': 3_790_000, 'size_bytes': 15_170_000,
            'archive_bytes': 6_510_000, 'latency_ratio_1thread': 1.0, 'agreement': 1.0,
            'ap': 0.2874, 'ap50': 0.4432, 'params': 1, **changes}


def write(folder: Path) -> list[str]:
    pruned = stage('prune50', agreement=0.9, agreement_change=[-0.1, -0.12, -0.08], ap=0.26)
    (folder / 'net_prune50.metrics.json').write_text(
        json.dumps({'stages': [stage('dense'), pruned]}))
    (folder / 'docs').mkdir()
    return [str(folder), '--docs', str(folder / 'docs')]


def test_every_stage_has_a_row_after_that_of_the_dense_network(tmp_path: Path) -> None:
    assert main(write(tmp_path)) == 0
    rows = (tmp_path / 'docs' / 'stages.md').read_text().splitlines()[-2:]
    assert rows[0].startswith('|  | dense | 2.09 | 3.79 | 15.17 | 6.51 | 1.00 | 1.000 |  | 0.287')
    assert rows[1].startswith('| `net_prune50` | prune50 |')
    assert '| 0.900 | -0.100 [-0.120, -0.080] | 0.260 |' in rows[1]
    assert (tmp_path / 'docs' / 'stages.png').read_bytes().startswith(b'\x89PNG')


def test_check_notices_a_page_that_was_edited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = write(tmp_path)
    main(arguments)
    assert main([*arguments, '--check']) == 0
    page = tmp_path / 'docs' / 'stages.md'
    page.write_text(page.read_text().replace('0.260', '0.270'))
    assert main([*arguments, '--check']) == 1
    assert 'is out of date' in capsys.readouterr().err


def test_a_folder_without_metrics_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), '--docs', str(tmp_path)]) == 1
    assert 'expected *.metrics.json, got none' in capsys.readouterr().err
