# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A short run of the fuzzer against the real node, and what it would call a failure."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('tool', ROOT / 'tools' / 'fuzz_node.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_the_node_lives_through_malformed_messages_and_counts_them_all(tool, capsys):
    code = tool.main(['--messages', '500', '--seed', '7'])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert shown.out.count('good frames answered') == 2
    for reason in ('step', 'length', 'size', 'encoding', 'format', 'jpeg', 'png'):
        assert f'undecodable: {reason}' in shown.out


@pytest.mark.parametrize(('values', 'growth_mib', 'words'), [
    ({'frames received': '9'}, 0, '9 frames received, 5 accounted for'),
    ({'undecodable: internal error': '1'}, 0, '1 unforeseen errors'),
    ({}, 33, 'resident memory grew from 100.0 to 133.0 MiB'),
])
def test_a_broken_promise_is_named(tool, values, growth_mib, words):
    from node_fuzzer.session import Memory, Report

    kept = {'frames received': '5', 'frames processed': '4', 'frames undecodable': '1'}
    warm = Memory(resident=100.0, peak=120.0, threads=20, files=20)
    report = Report(memory=[warm, warm], values=kept)
    assert tool.broken_promises(report) == []
    report.values = {**kept, **values}
    report.memory[1] = replace(warm, resident=warm.resident + growth_mib)
    (problem,) = tool.broken_promises(report)
    assert words in problem
