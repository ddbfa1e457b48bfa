# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What experiments found is kept in one file, each beside the others."""

import json
from pathlib import Path

import pytest
from small_classifiers import striped_dataset

from compressed_detector.classics.experiment import (
    Experiment,
    as_json,
    figures_of,
    merge,
    perform,
    read,
)
from compressed_detector.classics.experiments import ALL, EXPERIMENTS
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.results import Curve, Figure, Plot, Result, Table
from compressed_detector.compression.progress import silent
from compressed_detector.errors import CompressionError

RESULT = Result(
    (Figure('ratio', 41.23456789, 40, 0.5, 'x'), Figure('accuracy', 0.98)),
    ('It holds.',),
    (Table('layers', ('name', 'bits'), (('ip1', 4.123456), ('ip2', None))),),
    (Plot('curve', 'A curve', 'x', 'y', (Curve('a', (1.0, 2.0), (0.123456, 0.2), (0.0, 0.1)),)),),
    {'densities': {'ip1': 0.0800001}},
)


def lab_in(folder: Path) -> Lab:
    return Lab(striped_dataset(6, 4), (0, 5), True, folder, silent)


def test_an_experiment_says_what_was_found_with_what_and_where(tmp_path: Path) -> None:
    seen: list[Lab] = []

    def run(lab: Lab) -> Result:
        seen.append(lab)
        return RESULT

    lab = lab_in(tmp_path)
    found = perform(Experiment('name', 'A title', ('A paper',), run), lab)
    assert seen == [lab]
    assert (found['title'], found['papers'], found['data']) == ('A title', ['A paper'], 'striped')
    assert found['samples'] == {'train': 6, 'test': 4}
    assert found['seeds'] == [0, 5]
    assert found['quick'] is True
    assert {'cpu', 'numpy', 'tensorflow', 'date'} <= set(found['machine'])
    assert found['paper'] == {'ratio': 40, 'accuracy': None}
    assert found['here'] == {'ratio': 41.235, 'accuracy': 0.98}
    assert found['findings'] == ['It holds.']
    assert found['densities'] == {'ip1': 0.08}


def test_numbers_are_kept_to_five_digits_and_the_rest_as_it_is() -> None:
    found = as_json(RESULT)
    assert found['tables'][0]['rows'] == [['ip1', 4.1235], ['ip2', None]]
    assert found['plots'][0]['curves'][0]['y'] == [0.12346, 0.2]
    assert json.loads(json.dumps(found)) == found


def test_figures_are_read_back() -> None:
    figures = figures_of(as_json(RESULT))
    assert figures == [Figure('ratio', 41.235, 40, 0.5, 'x'), Figure('accuracy', 0.98)]


def test_an_experiment_takes_its_own_place_and_leaves_the_others(tmp_path: Path) -> None:
    path = tmp_path / 'deeper' / 'classics.json'
    merge(path, 'b', {'here': 1})
    merge(path, 'a', {'here': 2})
    merge(path, 'b', {'here': 3})
    assert read(path) == {'a': {'here': 2}, 'b': {'here': 3}}
    assert list(read(path)) == ['a', 'b']


@pytest.mark.parametrize('content', ['', '[1]', '{"a":', '[' * 100_000])
def test_a_file_of_results_that_is_none_is_refused_and_not_overwritten(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / 'classics.json'
    path.write_text(content)
    with pytest.raises(CompressionError, match='classics.json: expected the JSON of'):
        merge(path, 'a', {})
    assert path.read_text() == content


# Random matrices beside one network; networks that take minutes each; times, not accuracies.
OF_ONE_SEED = {'eie', 'larger_networks', 'research_questions'}


def test_every_experiment_has_a_name_and_those_about_accuracy_three_seeds_or_more() -> None:
    assert len(EXPERIMENTS) == len(ALL)
    for experiment in ALL:
        assert experiment.papers
        assert len(experiment.seeds) >= 3 or experiment.name in OF_ONE_SEED
        assert experiment.quick_seeds
