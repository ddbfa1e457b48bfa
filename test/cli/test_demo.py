# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The demo, as `make demo` runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import pytest
from harness import fresh_domain

from compressed_detector.cli import demo
from compressed_detector.cli.demo import main
from compressed_detector.detection.types import Detections

ROOT = Path(__file__).parents[2]
ARGUMENTS = ['--bag', str(ROOT / 'test' / 'data' / 'pedestrians'),
             '--params-file', str(ROOT / 'config' / 'detector.yaml')]


def test_the_node_reports_what_the_evaluation_does_and_both_have_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', str(fresh_domain()))
    assert main([*ARGUMENTS, '--output', str(tmp_path)]) == 0
    said = capsys.readouterr().out
    (frames,) = re.findall(r'live and offline agree on all (\d+) frames', said)
    assert 0 < int(frames) <= 80
    for mode in ('offline', 'live'):
        assert str(tmp_path / mode / 'report.html') in said.splitlines()[-1]
        assert (tmp_path / mode / 'report.html').is_file()
        metrics = json.loads((tmp_path / mode / 'metrics.json').read_text())
        assert metrics['mode'] == mode
    sheet = cv2.imread(str(tmp_path / 'contact_sheet.png'))
    assert sheet is not None
    assert sheet.shape[1] > 1000


def test_a_node_that_reports_something_else_ends_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Evaluated before: only what is compared is left.
    monkeypatch.setattr(demo, '_evaluate', lambda *_: None)
    monkeypatch.setattr(demo, 'recorded_detections', lambda bag, _: {
        1: Detections.empty()} if 'live' in str(bag) else {})
    assert main([*ARGUMENTS, '--output', str(tmp_path)]) == 2
    assert 'expected the node to report what the evaluation does' in capsys.readouterr().err
