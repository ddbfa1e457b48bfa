# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""benchmark_model from its command line: real models, real processes, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import fresh_domain
from tiny_detector import TINY_MODELS

from compressed_detector.cli.benchmark_model import main

TINY = str(TINY_MODELS / 'tiny_gfl.json')
PEDESTRIANS = TINY_MODELS.parent / 'pedestrians'
SSD = str(TINY_MODELS.parent / 'tiny_heads' / 'tiny_ssd.tflite')
QUICK = ['--threads', '1', '--turns', '2', '--runs', '2', '--batches', '1', '4']


@pytest.fixture(scope='module')
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('benchmark') / 'results'
    assert main(['networks', TINY, SSD, *QUICK, '--output', str(folder)]) == 0
    return folder


def networks(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / 'networks.json').read_text())
    return content


def test_models_are_compared_with_the_first(output: Path) -> None:
    found = networks(output)
    assert found['reference'] == 'tiny_gfl'
    first, second = found['models']
    assert first['latency']['1']['ratio'] == {'value': 1.0, 'low': 1.0, 'high': 1.0}
    assert second['latency']['1']['p50_ms'] > 0
    assert second['latency']['1']['roofline_fraction'] > 0
    assert found['machine']['cores'] >= 1


def test_anybodys_model_has_operations_memory_energy_and_a_profile(output: Path) -> None:
    _, model = networks(output)['models']
    assert model['name'] == 'tiny_ssd'
    assert model['operations']['moved_bytes'] > 0
    assert 0 < model['energy_estimate']['low_mj'] <= model['energy_estimate']['high_mj']
    assert model['memory']['peak_mb'] >= model['memory']['steady_mb'] > 0
    assert set(model['profile']) & {'by_operator', 'missing'}


def test_batches_are_timed_or_said_to_be_fixed(output: Path) -> None:
    first, second = networks(output)['models']
    assert set(first['batches']['1']) == {'1', '4'}
    found = first['batches']['1']['4']
    assert found['per_image_ms'] == pytest.approx(found['p50_ms'] / 4, rel=0.01)
    assert 'fixed' in second['batches']
    assert (output / 'latency_by_batch.png').is_file()


def test_results_are_not_replaced_unasked(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['networks', TINY, *QUICK, '--output', str(output)]) == 2
    assert '--force' in capsys.readouterr().err


@pytest.mark.parametrize(('arguments', 'words'), [
    (['networks', 'no_such_model'], 'expected the path of a manifest or one of'),
    (['networks', TINY, '--threads', '999'], 'expected 1 to'),
    (['networks', TINY, '--peers'], 'expected --images'),
    (['networks', TINY, '--peers', '--images', str(PEDESTRIANS)], 'dense network is known'),
    (['node', '--model', 'no_such_model'], 'expected the path of a manifest or one of'),
])
def test_what_cannot_be_measured_is_refused_with_a_reason(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, '--output', str(tmp_path / 'out')]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize('arguments', [
    ['networks', '--turns', '0'], ['node', '--sizes', '640'], ['node', '--sizes', '0x480'], []])
def test_wrong_option_is_explained(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(['--help'])
    assert 'benchmark_model networks balanced --peers' in capsys.readouterr().out


def test_node_answers_a_camera_and_its_network_is_a_part_of_its_time(tmp_path: Path) -> None:
    # A process of its own: Fast DDS reads its shared memory's size once, with the first node.
    subprocess.run(
        [sys.executable, '-m', 'compressed_detector.cli.benchmark_model', 'node', '--model', TINY,
         '--sizes', '640x480', '--rates', '50', '--frames', '40', '--output', str(tmp_path)],
        env={**os.environ, 'ROS_DOMAIN_ID': str(fresh_domain())}, timeout=120, check=True,
    )
    conditions = json.loads((tmp_path / 'node.json').read_text())['conditions']
    assert [item['transport'] for item in conditions] == ['raw', 'compressed']
    for found in conditions:
        assert (found['width'], found['height'], found['rate_hz']) == (640, 480, 50)
        assert found['sent'] >= 40
        # A best-effort image may be lost on a busy machine.
        assert found['answered'] >= 30
        assert 0 < found['inference_p50_ms'] < found['latency_p50_ms']
        assert found['rss_mb'] > 20
