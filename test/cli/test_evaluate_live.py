# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""evaluate_bag --live: the real node over DDS says what the detector says, later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from camera_bags import images
from harness import fresh_domain
from known_scene import FRAMES, TRUTH
from replay_bags import FIRST_NS, write_bag
from tiny_detector import TINY_MODELS

from compressed_detector.bags import BagSource
from compressed_detector.cli.evaluate_bag import main

TINY = str(TINY_MODELS / 'tiny_gfl.json')


@pytest.fixture(scope='module')
def offline(bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluated(bag, tmp_path_factory.mktemp('offline'))


def evaluated(bag: Path, output: Path, *arguments: str) -> Path:
    assert main([str(bag), '--ground-truth', TRUTH, '--models', TINY, '--samples', '1',
                 '--force', '--output', str(output), *arguments]) == 0
    return output


def reports(output: Path) -> dict[int, np.ndarray]:
    """Return by stamp the boxes, scores and classes that were written."""
    found: dict[int, list[list[float]]] = {}
    for row in json.loads((output / 'tiny_gfl' / 'known.json').read_text()):
        found.setdefault(row['stamp_ns'], []).append(
            [*row['bbox'], row['score'], row['category_id']])
    return {stamp: np.array(rows) for stamp, rows in found.items()}


def answered(output: Path) -> set[int]:
    """Return the stamps of the frames of which something was published."""
    with BagSource(output / 'tiny_gfl' / 'known') as source:
        return {message.log_ns for message in source.messages(source.topics, 0, 2**62)}


def model(output: Path) -> Any:
    return json.loads((output / 'metrics.json').read_text())['models']['tiny_gfl']


def assert_alike(live: Path, offline: Path) -> None:
    """Assert that both report the same in the frames that the live one answered."""
    said, known = reports(live), reports(offline)
    both = answered(live)
    assert both <= answered(offline)
    assert said.keys() == known.keys() & both
    for stamp, rows in said.items():
        np.testing.assert_allclose(rows, known[stamp], atol=1e-3)


def test_live_and_offline_agree_on_every_frame(
    bag: Path, offline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', str(fresh_domain()))
    live = evaluated(bag, tmp_path, '--live', '--rate', '2')
    assert_alike(live, offline)
    assert len(answered(live)) > FRAMES / 2
    figures = model(live)['figures']
    assert figures['latency_ms_p50']['value'] > 0
    # Recorded 7 ms after its stamp.
    age_ms = figures['age_ms_p50']['value'] - figures['latency_ms_p50']['value']
    assert age_ms == pytest.approx(7, abs=1e-3)
    assert figures['peak_rss_mb']['value'] > 20
    assert figures['cpu_s_per_frame']['value'] > 0
    assert json.loads((live / 'metrics.json').read_text())['mode'] == 'live'
    assert 'alt="Age of answers"' in (live / 'report.html').read_text()


def test_frames_that_the_node_skips_are_neither_found_nor_held_against_the_detector(
    bag: Path, offline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', str(fresh_domain()))
    parameters = tmp_path / 'robot.yaml'
    parameters.write_text('/**: {ros__parameters: {max_rate: 8.0}}\n')
    live = evaluated(bag, tmp_path / 'out', '--live', '--rate', '2',
                     '--params-file', str(parameters))
    assert_alike(live, offline)
    counts = model(live)['counts']
    assert 0 < counts['frames_answered'] < FRAMES
    assert counts['frames_evaluated'] == counts['frames_answered'] == len(answered(live))
    assert counts['frames_skipped'] > 0
    fates = ('frames_skipped', 'frames_replaced', 'frames_too_old', 'frames_undecodable',
             'frames_lost', 'frames_answered')
    assert sum(counts[name] for name in fates) == FRAMES


@pytest.mark.parametrize(('case', 'message'), [
    ('hog', '--live: expected models that the node can run, got hog'),
    ('pictures', '--live: expected bags, got pictures; evaluate it --offline'),
    ('two cameras', '--live: expected one camera at a time, got /a, /b; choose one'),
    ('odd topic', 'ends in /compressed if it has compressed images, and only then, got /odd'),
])
def test_what_cannot_be_played_to_the_node_is_refused(
    tmp_path: Path, case: str, message: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('ROS_DOMAIN_ID', '1')
    black = {FIRST_NS: np.zeros((8, 8, 3), np.uint8)}
    bag = write_bag(tmp_path / 'bag', images('/a', black), images('/b', black),
                    images('/odd', black, compressed=True))
    (tmp_path / 'pictures').mkdir()
    (tmp_path / 'pictures' / 'a.png').write_bytes(b'')
    arguments = {
        'hog': [str(bag), '--topics', '/a', '--models', 'hog'],
        'pictures': [str(tmp_path / 'pictures'), '--models', TINY],
        'two cameras': [str(bag), '--topics', '/a', '/b', '--models', TINY],
        'odd topic': [str(bag), '--topics', '/odd', '--models', TINY],
    }[case]
    assert main([*arguments, '--live', '--output', str(tmp_path / 'out')]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
