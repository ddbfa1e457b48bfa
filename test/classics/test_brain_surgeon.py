# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Second derivatives choose better than magnitude, and need less retraining."""

from pathlib import Path

import numpy as np
import pytest
from quick_lab import quick_result
from small_classifiers import small_dense, striped

from compressed_detector.classics.brain_surgeon import BRAIN_SURGEON, Pruned, Study, findings
from compressed_detector.classics.measurements import layer_moments, weighted_layers
from compressed_detector.compression import surgeon
from compressed_detector.compression.moments import Sampling
from compressed_detector.compression.refit import matrix, ridge
from compressed_detector.compression.sparsify import DAMPING, prune_network


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return quick_result(BRAIN_SURGEON, Path(tmp_path_factory.mktemp('brain_surgeon')))


def accuracy(found: dict, name: str) -> float:
    return found['here'][f'accuracy_{name}, LeNet-60-30']


def test_the_surgeon_loses_little_without_retraining_where_magnitude_loses_much(
    found: dict
) -> None:
    dense = accuracy(found, 'dense')
    assert accuracy(found, 'pruned_obs_50') > dense - 0.02
    assert accuracy(found, 'pruned_obs_90') > accuracy(found, 'pruned_magnitude_90') + 0.3


def test_damage_ranks_better_over_all_layers_than_magnitude_does_in_each(found: dict) -> None:
    assert accuracy(found, 'pruned_obd_overall_90') > accuracy(found, 'pruned_magnitude_90')


def test_retraining_makes_up_for_the_choice(found: dict) -> None:
    before, after = (
        accuracy(found, f'{how}_magnitude_90') for how in ('pruned', 'retrained'))
    assert after > before + 0.2


def test_there_is_a_table_and_a_plot_with_and_without_retraining(found: dict) -> None:
    assert len(found['plots']) == 2
    assert len(found['tables']) == 1
    assert [row[1] for row in found['tables'][0]['rows']] == ['no', 'no', 'yes']


def test_what_a_classifier_loses_is_decided_by_the_workshops_surgeon() -> None:
    classifier, samples = small_dense(), striped(256)
    layer = weighted_layers(classifier)[1]

    def measure(net, names):
        return layer_moments(net, classifier, names, samples, Sampling(1, 0))

    pruned, forms = prune_network(classifier, {}, 0.25, [layer], 'obs', measure=measure)
    fit = ridge(measure(classifier, [layer.name])[layer.name], DAMPING, matrix(classifier, layer))
    kernel, mask = surgeon.remove(fit.kernel, fit.metric, np.ones(fit.kernel.shape, bool), 24)
    np.testing.assert_array_equal(forms['ip2_weight'].mask, mask)
    np.testing.assert_allclose(pruned.weights['ip2_weight'], kernel, rtol=1e-5)


def study(obs: tuple[float, ...], plain: tuple[float, ...]) -> Study:
    """Return a network of 90 % that is pruned to 50, 80 and 90 % with these accuracies."""
    return Study('LeNet', (0.9, 0.9), tuple(
        Pruned(rule, sparsity, retrained, (value - 0.001, value + 0.001))
        for retrained in (False, True)
        for rule, values in (
            ('obs', obs), ('magnitude', plain), ('obd', plain), ('obd_overall', plain))
        for sparsity, value in zip((0.5, 0.8, 0.9), values)))


def test_sparsity_without_loss_ends_where_accuracy_first_falls() -> None:
    assert study((0.9, 0.896, 0.7), (0.7, 0.9, 0.9)).without_loss('obs', False) == 0.8
    assert study((0.9, 0.896, 0.7), (0.7, 0.9, 0.9)).without_loss('magnitude', False) == 0


def test_findings_say_who_is_better_whoever_it_is() -> None:
    better = ' '.join(findings(study((0.9, 0.9, 0.89), (0.9, 0.8, 0.5))))
    worse = ' '.join(findings(study((0.9, 0.9, 0.5), (0.9, 0.9, 0.89))))
    assert '+39.00 points from magnitude (better in 2 of 2 pairs' in better
    assert '-39.00 points from magnitude (better in 0 of 2 pairs' in worse
    assert 'up to 80% sparsity, magnitude up to 50%' in better
    assert 'Optimal Brain Surgeon is the best of 4 rules with 89.00 %' in better
    assert 'magnitude is the best of 4 rules with 89.00 %' in worse
