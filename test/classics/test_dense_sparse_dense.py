# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Dense-sparse-dense training differs from dense training in the sparse phase alone."""

from pathlib import Path

import numpy as np
import pytest
from quick_lab import quick_result
from small_classifiers import small_dense

from compressed_detector.classics.dense_sparse_dense import (
    DENSE_SPARSE_DENSE,
    Comparison,
    findings,
    thinned,
)


def test_the_smallest_weights_of_every_layer_are_removed() -> None:
    classifier = small_dense()
    trial = thinned(classifier, 0.3)
    for name in classifier.kernels:
        before, after = classifier.weights[name], trial.classifier.weights[name]
        gone = after == 0
        assert gone.mean() == pytest.approx(0.3, abs=0.5 / before.size)
        assert np.abs(before[gone]).max() <= np.abs(before[~gone]).min()
        np.testing.assert_array_equal(after[~gone], before[~gone])
        np.testing.assert_array_equal(trial.forms[name].mask, ~gone)


def test_without_sparsity_there_are_no_forms() -> None:
    assert not thinned(small_dense(), 0.0).forms


def comparison(gains: tuple[float, ...], sparsity: float = 0.3) -> Comparison:
    dense = tuple(0.9 + 0.001 * index for index in range(len(gains)))
    treated = tuple(one + gain / 100 for one, gain in zip(dense, gains))
    return Comparison('LeNet', sparsity, tuple(one - 0.002 for one in dense), dense, treated)


@pytest.mark.parametrize(('gains', 'verdict', 'held'), [
    ((0.5, 0.6, 0.5, 0.6, 0.5), 'a significant gain', 1),
    ((-0.5, -0.6, -0.5, -0.6, -0.5), 'a significant loss', 0),
    ((0.5, -0.6, 0.5, -0.6, 0.5), 'no gain that could be told from chance', 0),
    # 0.05 > p > 0.025, which is too much for one of two comparisons.
    ((0.2, 0.4, 0.1, 0.5, 0.1), 'no gain that could be told from chance', 0),
])
def test_findings_say_whether_the_gain_holds(
    gains: tuple[float, ...], verdict: str, held: int
) -> None:
    other = comparison((0.1, -0.1, 0.1, -0.1, 0.0), 0.5)
    sentences = findings([comparison(gains), other])
    assert sentences[0].endswith(f': {verdict}.')
    assert f'holds in {held} of 2 comparisons' in sentences[2]


def test_the_quick_experiment_compares_with_training_that_is_as_long(tmp_path: Path) -> None:
    found = quick_result(DENSE_SPARSE_DENSE, tmp_path)
    for sparsity in ('30%', '50%'):
        name = f'LeNet-60-30, {sparsity} sparse'
        # Nobody gains or loses much on digits; that it has not collapsed is what shows here.
        assert abs(found['here'][f'gain, {name}']) < 5
        assert found['here'][f'accuracy_dsd, {name}'] > 0.8
    kept = sorted(path.name for path in tmp_path.glob('*-last.npz'))
    assert kept == [f'lenet_quick-{percent}-0-last.npz' for percent in (0, 30, 50)]
