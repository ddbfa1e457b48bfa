# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A short soak run; `tools/soak.py` makes the long ones, whose figures are in docs/soak.md."""

import importlib.util
from pathlib import Path

TOOL = Path(__file__).parents[2] / 'tools' / 'soak.py'
# Latency depends on what else the machine does: only the long run, on a quiet one, judges it.
OF_TIME = 'latency grew'


def test_two_thousand_frames_are_all_answered_and_leak_nothing():
    spec = importlib.util.spec_from_file_location('soak', TOOL)
    soak = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(soak)
    result = soak.run(2000)
    assert result.frames == 2000
    broken = [limit for limit in result.broken if limit != OF_TIME]
    assert not broken, (broken, result.unanswered, result.base, result.samples[-1])
