# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What low rank costs: more by the weights alone than by what the layers compute."""

from pathlib import Path

import pytest
from quick_lab import quick_result

from compressed_detector.classics.low_rank import LOW_RANK, Reduced, Study, findings


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return quick_result(LOW_RANK, Path(tmp_path_factory.mktemp('low_rank')))


def test_regression_loses_less_than_the_decomposition(found: dict) -> None:
    svd, regression = (
        found['here'][f'accuracy_{method}_6.25_percent, LeNet-60-30']
        for method in ('svd', 'regression'))
    assert regression > svd + 0.02


def test_retraining_regains_accuracy(found: dict) -> None:
    before, after = (found['here'][f'accuracy_{how}svd_6.25_percent, LeNet-60-30']
                     for how in ('', 'retrained_'))
    assert after > before


def test_operations_and_bytes_fall_with_the_rank(found: dict) -> None:
    dense, *rows = found['tables'][0]['rows']
    assert dense[2:4] == [784 * 60 + 60 * 30 + 300, 4 * (784 * 60 + 60 * 30 + 300 + 100)]
    # Ranks 14 and 5: (784 + 60) 14 + (60 + 30) 5 + 300 operations.
    assert rows[0][1:4] == ['14, 5', 12566, 4 * (12566 + 100)]
    assert rows[1][2] < rows[0][2] < dense[2]


def test_the_reduction_is_the_largest_that_stays_within_a_point() -> None:
    def reduced(method: str, share: float, macs: int, before: float, after: float) -> Reduced:
        return Reduced(method, share, (1,), macs, 10, (before,), (after,))

    study = Study('LeNet', (0.9,), 1000, 100, (
        reduced('svd', 0.5, 500, 0.85, 0.895), reduced('svd', 0.25, 250, 0.5, 0.8),
        reduced('regression', 0.5, 500, 0.895, 0.9), reduced('regression', 0.25, 250, 0.7, 0.891),
    ))
    assert study.reduction('svd', False) == 1
    assert study.reduction('svd', True) == 2
    assert study.reduction('regression', False) == 2
    assert study.reduction('regression', True) == 4
    last = findings(study)[-1]
    assert last.startswith('LeNet: 4.0 times fewer operations')
    assert '2.0 times with regression alone, 1.0 times with the decomposition alone' in last
