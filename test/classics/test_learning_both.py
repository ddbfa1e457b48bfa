# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pruning with and without retraining, on a few digits; sentences that follow the figures."""

from pathlib import Path

import pytest

from compressed_detector.classics.data import load
from compressed_detector.classics.experiment import perform
from compressed_detector.classics.experiments import EXPERIMENTS
from compressed_detector.classics.lab import Lab
from compressed_detector.classics.learning_both_report import WAYS, Sweep, findings
from compressed_detector.compression.progress import silent


@pytest.fixture(scope='module')
def found(digits_work: Path) -> dict:
    return perform(EXPERIMENTS['learning_both'],
                   Lab(load('digits'), (0,), True, digits_work / 'learning_both', silent))


def test_retraining_wins_back_what_pruning_lost(found: dict) -> None:
    rows = {row[0]: dict(zip(WAYS, row[1:])) for row in found['tables'][0]['rows']}
    dense, sparse = rows['0 %'], rows['94 %']
    for norm in ('l1', 'l2'):
        assert sparse[norm] < dense[norm] - 10
        assert sparse[f'{norm}_retrained'] > sparse[norm] + 5
    assert rows['70 %']['l2_retrained'] > dense['l2'] - 2


def test_a_twelfth_of_the_parameters_is_left_with_little_loss(found: dict) -> None:
    here = found['here']
    assert here['fewer_parameters, LeNet-300-100'] == pytest.approx(12, abs=0.1)
    assert here['accuracy_pruned, LeNet-300-100'] > (
        here['accuracy_dense_as_long, LeNet-300-100'] - 0.04)


def test_the_plot_has_a_curve_for_every_way_that_begins_without_loss(found: dict) -> None:
    (plot,) = found['plots']
    assert [curve['label'] for curve in plot['curves']] == list(WAYS.values())
    for curve in plot['curves']:
        assert (curve['x'][0], curve['y'][0]) == (0, 0)


def sweep(**curves: tuple[float, float, float]) -> Sweep:
    flat = (0.9, 0.9, 0.9)
    return Sweep('LeNet', ({way: dict(zip((0.0, 0.5, 0.9), curves.get(way, flat)))
                            for way in WAYS},))


def test_without_loss_ends_at_the_first_sparsity_that_loses() -> None:
    found = sweep(l1=(0.9, 0.897, 0.5), l2=(0.9, 0.8, 0.9), l2_retrained=(0.9, 0.896, 0.8951))
    assert found.without_loss('l1') == 0.5
    assert found.without_loss('l2') == 0
    assert found.without_loss('l2_retrained') == 0.9


def test_sentences_name_the_penalty_that_was_better() -> None:
    sentences = ' '.join(findings('digits', sweep(
        l1=(0.9, 0.9, 0.6), l2=(0.9, 0.8, 0.5), l1_retrained=(0.9, 0.9, 0.86),
        l2_retrained=(0.9, 0.9, 0.88), l2_iterated=(0.9, 0.9, 0.89))))
    assert 'without retraining L1 is better, by 10.00 points' in sentences
    assert 'with retraining L2 is better, by 1.00 points' in sentences
    assert 'step by step is +1.00 points' in sentences
