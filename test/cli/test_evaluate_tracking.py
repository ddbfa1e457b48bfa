# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The command that compares tracking settings on the sample bag."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compressed_detector.cli.evaluate_tracking import main

DATA = Path(__file__).parents[1] / 'data'
BAG = str(DATA / 'pedestrians')


def test_table_has_a_row_for_every_choice(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([BAG, '--confirm-frames', '1', '2', '--hold-time', '0', '0.5']) == 0
    text = capsys.readouterr().out
    assert '80 frames, 14 annotated with 87 objects' in text
    rows = {
        name.strip(): [int(cell) for cell in cells.split()]
        for name, cells in (
            (line[:40], line[40:]) for line in text.splitlines() if 'held' in line or 'off' in line
        )
    }
    plain = rows['off']
    same, held = rows['confirmed by 1 frames, held for 0.0 s'], rows[
        'confirmed by 1 frames, held for 0.5 s'
    ]
    # Ids alone change nothing; holding adds reports, and misses nobody who was found.
    assert same[:4] == plain
    assert held[0] <= plain[0]
    assert held[2] > plain[2]
    assert held[3] <= plain[3]
    assert len(rows) == 5


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([BAG, '--hold-time', '-1'], 'track_hold_time: expected float from 0.0 to 10.0, got -1.0'),
        ([BAG, '--score-threshold', '2'], 'score_threshold: expected float'),
        ([BAG, '--label', 'unicorn'], 'expected COCO JSON with a category'),
        ([BAG, '--model', 'nobody'], 'model: expected the path of a manifest or one of'),
        ([str(DATA / 'tiny_gfl')], 'ground_truth.json'),
        ([BAG, '--model', str(DATA / 'tiny_gfl' / 'tiny_gfl.json')],
         "--label: expected a class of .*tiny_gfl.json, got 'person'; known: first_channel"),
    ],
)
def test_wrong_arguments_are_an_error_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith('error: ')
    assert re.search(message, error)
