# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Networks learn with signs for weights, better than by rounding to signs afterwards."""

from pathlib import Path

import pytest
from quick_lab import quick_result

from compressed_detector.classics.binary import BINARY, Binary, Study, findings

WEIGHTS, BIASES = 784 * 60 + 60 * 30 + 30 * 10, 60 + 30 + 10


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return quick_result(BINARY, Path(tmp_path_factory.mktemp('binary')))


def here(found: dict, name: str) -> float:
    return found['here'][f'{name}, LeNet-60-30']


def test_learning_with_signs_beats_rounding_to_them(found: dict) -> None:
    for rule in ('connect', 'xnor'):
        assert here(found, f'accuracy_{rule}_all') > here(found, 'accuracy_rounded_all') + 0.1


def test_a_real_first_and_last_layer_save_accuracy_and_cost_bytes(found: dict) -> None:
    for rule in ('rounded', 'xnor'):
        assert here(found, f'accuracy_{rule}_inner') > here(found, f'accuracy_{rule}_all')
        assert here(found, f'bytes_{rule}_inner') > here(found, f'bytes_{rule}_all')


def test_bytes_are_a_bit_per_weight_with_scales_and_biases(found: dict) -> None:
    assert here(found, 'bytes_real') == 4 * (WEIGHTS + BIASES)
    bits = 784 * 60 // 8 + 60 * 30 // 8 + -(-30 * 10 // 8)
    assert here(found, 'bytes_xnor_all') == bits + 4 * BIASES + 4 * BIASES
    assert here(found, 'bytes_connect_all') == bits + 4 * 3 + 4 * BIASES
    assert here(found, 'bytes_xnor_inner') == (
        4 * (784 * 60 + 30 * 10) + 60 * 30 // 8 + 4 * 30 + 4 * BIASES)


def test_only_layers_with_real_weights_multiply(found: dict) -> None:
    multiplications = {(row[0], row[1]): row[2] for row in found['tables'][0]['rows']}
    assert multiplications['XNOR weights', 'all layers'] == 0
    assert multiplications['XNOR weights', 'all but the first and the last'] == 784 * 60 + 300
    assert multiplications['real weights', ''] == WEIGHTS


def test_findings_give_losses_and_ratios() -> None:
    study = Study('LeNet', (0.9, 0.91), 4000, 100, tuple(
        Binary(rule, place, (0.88, 0.89), 400, 0)
        for rule in ('rounded', 'connect', 'xnor') for place in ('inner', 'all')))
    sentences = findings(study)
    assert '-2.00 points against real weights (p = 0.000), 10.0 times fewer bytes' in sentences[0]
    assert '+0.00 points from one constant (p = 1.000)' in sentences[-1]
