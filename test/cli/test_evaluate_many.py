# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""evaluate_bag on many recordings: anywhere, again where it was interrupted, and with failures."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import free_port, wait_until
from known_scene import write_known_scene
from tiny_detector import TINY_MODELS

from compressed_detector.cli import evaluate_runs
from compressed_detector.cli.evaluate_bag import main
from compressed_detector.cli.evaluate_jobs import Job, run_jobs
from compressed_detector.compression.progress import silent
from compressed_detector.evaluation.executors import in_turn

TINY, OTHER = (str(TINY_MODELS / name) for name in ('tiny_gfl.json', 'tiny_gfl_float.json'))
MEASURED = re.compile('latency|decode|cpu|peak_rss')
OPTIONS = ['--models', TINY, OTHER, '--ground-truth', 'truth.json', '--camera-height', '1',
           '--corridor', '2', '--samples', '20']
NEEDS_RAY = pytest.mark.skipif(
    importlib.util.find_spec('ray') is None, reason='Ray is not installed (requirements/ray.txt)')
SOME_FAILED = 3


@pytest.fixture(scope='module')
def drives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with three recordings, and one that was cut off."""
    folder = tmp_path_factory.mktemp('drives')
    for name, frames in {'monday/first': range(20), 'monday/second': range(4, 16),
                         'third': range(10), 'cut': range(20)}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        write_known_scene(folder / name, frames)
    cut_off(folder / 'cut')
    return folder


def cut_off(bag: Path) -> None:
    stored = bag / f'{bag.name}.mcap'
    stored.write_bytes(stored.read_bytes()[:stored.stat().st_size // 2])


def evaluated(drives: Path, output: Path, *arguments: str, force: bool = False) -> int:
    return main([str(drives), *OPTIONS, '--output', str(output), *arguments,
                 *(['--force'] if force else [])])


@pytest.fixture(scope='module')
def alone(drives: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of one recording at a time."""
    output = tmp_path_factory.mktemp('alone')
    assert evaluated(drives, output, '--jobs', '1') == SOME_FAILED
    return output


def unmeasured(value: Any) -> Any:
    """Return results without times and memory, of which no two are alike."""
    if isinstance(value, dict):
        return {key: unmeasured(item) for key, item in value.items() if not MEASURED.match(key)}
    return [unmeasured(item) for item in value] if isinstance(value, list) else value


def metrics(output: Path) -> Any:
    return json.loads((output / 'metrics.json').read_text())


@pytest.mark.parametrize('where', [
    ['--jobs', '2'], ['--jobs', '4'], [], pytest.param(['--ray', 'local'], marks=NEEDS_RAY),
], ids=' '.join)
def test_results_are_the_same_whatever_the_parallelism(
    drives: Path, alone: Path, tmp_path: Path, where: list[str]
) -> None:
    assert evaluated(drives, tmp_path, *where) == SOME_FAILED
    assert unmeasured(metrics(tmp_path)) == unmeasured(metrics(alone))
    reports = {path.relative_to(alone) for path in alone.glob('*/*.json')}
    assert len(reports) == 3 + 2 * 3  # ground truth, and two models
    for path in reports:
        assert (tmp_path / path).read_text() == (alone / path).read_text()


# Whoever runs the tests may have a token for clusters of his own. Ray reads this once in a
# process: others than this one are given it.
NO_TOKEN = {**os.environ, 'RAY_AUTH_MODE': 'disabled'}


@pytest.fixture
def cluster() -> Iterator[str]:
    """Start the head of a Ray cluster as `ray start` does, and return its address."""
    port = free_port()
    # Ray's sockets lie in there, and their paths must not be long.
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(
        [sys.executable, '-m', 'ray.scripts.scripts', 'start', '--head', '--block',
         f'--port={port}', '--num-cpus=2', '--include-dashboard=false', '--disable-usage-stats',
         f'--temp-dir={folder}'],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env=NO_TOKEN,
    ) as head:
        try:
            wait_until(lambda: answers(port), timeout_s=60)
            yield f'127.0.0.1:{port}'
        finally:
            head.terminate()
            head.wait(60)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


@NEEDS_RAY
def test_a_cluster_that_runs_elsewhere_gives_the_same_results(
    drives: Path, alone: Path, tmp_path: Path, cluster: str
) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'compressed_detector.cli.evaluate_bag', str(drives), *OPTIONS,
         '--output', str(tmp_path), '--ray', cluster],
        capture_output=True, text=True, env=NO_TOKEN, timeout=120, check=False)
    assert done.returncode == SOME_FAILED, done.stderr
    assert unmeasured(metrics(tmp_path)) == unmeasured(metrics(alone))


def test_recordings_are_told_apart_and_together(
    drives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluated(drives, tmp_path, '--jobs', '2')
    content = metrics(tmp_path)
    model = content['models']['tiny_gfl']
    assert list(model['per_source']) == ['first', 'second', 'third']
    assert model['counts']['frames'] == 20 + 12 + 10
    assert content['intervals']['over'] == '3 recordings'
    shown = capsys.readouterr().out.partition('By recording')[2]
    for name, item in model['per_source'].items():
        assert re.search(rf'{name} +tiny_gfl .* {item["recall"]:.1%} ', shown)


def test_a_recording_that_fails_is_told_and_the_others_stand(
    drives: Path, alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluated(drives, tmp_path, '--jobs', '2') == SOME_FAILED
    (failed,) = metrics(tmp_path)['failed']
    assert (failed['name'], failed['path']) == ('cut', str(drives / 'cut'))
    assert re.search('bag .*cut cannot be read: .*ros2 bag reindex', failed['error'])
    assert capsys.readouterr().err.splitlines()[-1] == f'not evaluated: cut: {failed["error"]}'
    page = (tmp_path / 'report.html').read_text()
    assert 'Could not be evaluated' in page
    assert '<td>cut</td>' in page


def test_where_all_fail_it_is_an_error(
    drives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / 'broken'
    for name in ('a', 'b'):
        shutil.copytree(drives / 'third', broken / name)
        (broken / name / 'truth.json').write_text('{}')
    assert evaluated(broken, tmp_path / 'out') == 2
    assert re.search('^error: none of 2 recordings could be evaluated; a: .*truth.json',
                     capsys.readouterr().err, re.MULTILINE)


def test_a_mended_recording_alone_is_evaluated_anew(
    drives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mended, output = tmp_path / 'drives', tmp_path / 'out'
    shutil.copytree(drives, mended)
    assert evaluated(mended, output, '--jobs', '1') == SOME_FAILED
    assert 'done before' not in capsys.readouterr().err
    shutil.rmtree(mended / 'cut')
    write_known_scene(mended / 'cut')
    assert evaluated(mended, output, '--jobs', '1', force=True) == 0
    assert 'done before: first, second, third\n' in capsys.readouterr().err
    assert list(metrics(output)['models']['tiny_gfl']['per_source']) == [
        'cut', 'first', 'second', 'third']
    assert not (output / '.partial').exists()
    assert evaluated(mended, output, '--jobs', '1', force=True) == 0
    assert 'done before' not in capsys.readouterr().err


@pytest.mark.parametrize(('retries', 'failed'), [(1, {}), (0, {'third': 'OSError: disk'})])
def test_a_recording_that_fails_once_is_tried_again(
    drives: Path, tmp_path: Path, retries: int, failed: dict[str, str]
) -> None:
    shaky = [OSError('disk')]

    def executor(work: Any, jobs: Any) -> Any:
        for job, outcome in in_turn(work, jobs):
            yield job, shaky.pop() if shaky and job.name == 'third' else outcome

    options = evaluate_runs.Options((), (), None, 0.35, 1, False, 1.0, None)
    jobs = [Job(name, drives / path, tuple(evaluate_runs.find_models([TINY])), options)
            for name, path in (('third', 'third'), ('first', 'monday/first'))]
    done = run_jobs(jobs, executor, retries, tmp_path, silent, silent)
    assert done.failed == {name: f'its process ended: {why}' for name, why in failed.items()}
    # In the order of the jobs, whichever was done first.
    assert list(done.answers) == ([] if failed else ['third']) + ['first']


def change_bag(bag: Path, model: Path) -> None:
    os.utime(bag / f'{bag.name}.mcap', ns=(1, 1))


def change_truth(bag: Path, model: Path) -> None:
    (bag / 'truth.json').write_text((bag / 'truth.json').read_text() + '\n')


def change_model(bag: Path, model: Path) -> None:
    content = json.loads(model.read_text())
    content['labels'] = content['labels'][::-1]
    model.write_text(json.dumps(content))


@pytest.mark.parametrize(('change', 'arguments'), [
    (change_bag, []), (change_truth, []), (change_model, []),
    (lambda bag, model: None, ['--score-threshold', '0.5']),
    (lambda bag, model: None, ['--camera-pitch', '0.1']),
], ids=['bag', 'truth', 'model', 'threshold', 'mounting'])
def test_what_depends_on_something_else_by_now_is_not_taken_from_before(
    drives: Path, tmp_path: Path, change: Any, arguments: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bag, model = tmp_path / 'drives' / 'third', tmp_path / 'tiny_gfl.json'
    for name in ('third', 'cut'):
        shutil.copytree(drives / name, tmp_path / 'drives' / name)
    shutil.copy(TINY, model)
    shutil.copy(TINY_MODELS / 'tiny_gfl.tflite', tmp_path)
    options = ['--models', str(model), '--jobs', '1', '--retries', '0', '--samples', '1']
    assert evaluated(bag.parent, tmp_path / 'out', *options) == SOME_FAILED
    assert evaluated(bag.parent, tmp_path / 'out', *options, force=True) == SOME_FAILED
    assert 'done before: third\n' in capsys.readouterr().err
    change(bag, model)
    assert evaluated(bag.parent, tmp_path / 'out', *options, *arguments,
                     force=True) == SOME_FAILED
    assert 'done before' not in capsys.readouterr().err


@pytest.mark.parametrize('jobs', ['1', '2'])
def test_an_interrupted_run_goes_on_from_there(
    drives: Path, alone: Path, tmp_path: Path, jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # What was cut off fails again and again: it is interrupted in the middle of its work.
    command = [sys.executable, '-m', 'compressed_detector.cli.evaluate_bag', str(drives), *OPTIONS,
               '--output', str(tmp_path), '--jobs', jobs, '--retries', '1000000']
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: len(list((tmp_path / '.partial').glob('*.npz'))) == 3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.splitlines()[-1] == 'interrupted'
    assert not (tmp_path / 'metrics.json').exists()
    assert evaluated(drives, tmp_path, '--jobs', jobs) == SOME_FAILED
    assert 'done before: first, second, third\n' in capsys.readouterr().err
    assert unmeasured(metrics(tmp_path)) == unmeasured(metrics(alone))


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--live', '--jobs', '2'], '--live: expected one recording at a time'),
    (['--live', '--ray', 'local'], '--live: expected one recording at a time'),
    (['--jobs', '2', '--ray', 'local'], 'argument --ray: not allowed with argument --jobs'),
    (['--jobs', '0'], 'expected a number from 1 on'),
    (['--retries', '-1'], 'expected a number from'),
])
def test_what_does_not_go_together_is_refused(
    drives: Path, tmp_path: Path, arguments: list[str], message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        code = evaluated(drives, tmp_path, *arguments)
    except SystemExit as ending:
        code = ending.code
    assert code == 2
    assert message in capsys.readouterr().err
