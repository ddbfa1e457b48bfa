# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pruning keeps the largest weights of a layer, and what was removed stays removed."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_classifiers import small_dense, striped_dataset

from compressed_detector.classics.lab import Lab, Trial
from compressed_detector.classics.learning import Lesson
from compressed_detector.classics.pruning import (
    Gradual,
    parameters_left,
    prune,
    prune_gradually,
)
from compressed_detector.compression.forms import Form
from compressed_detector.compression.progress import silent

LESSON = Lesson(1, batch_size=32)


@given(density=st.floats(0.01, 1), seed=st.integers(0, 9))
def test_the_weights_left_are_the_largest_and_as_many_as_asked_for(
    density: float, seed: int
) -> None:
    before = small_dense(seed).weights['ip1_weight']
    pruned = prune(Trial(small_dense(seed)), {'ip1_weight': density})
    after, mask = pruned.classifier.weights['ip1_weight'], pruned.forms['ip1_weight'].mask
    assert np.count_nonzero(mask) == max(1, round(density * before.size))
    assert np.array_equal(after, np.where(mask, before, 0))
    assert np.abs(before[mask]).min() >= np.abs(before[~mask]).max(initial=0)


def test_layers_without_a_density_stay_as_they_are() -> None:
    pruned = prune(Trial(small_dense()), {'ip1_weight': 0.1})
    assert set(pruned.forms) == {'ip1_weight'}
    assert np.array_equal(pruned.classifier.weights['ip2_weight'],
                          small_dense().weights['ip2_weight'])


def test_removed_weights_do_not_come_back_however_large() -> None:
    mask = np.ones(small_dense().weights['ip2_weight'].shape, bool)
    mask[np.abs(small_dense().weights['ip2_weight']) > 0.2] = False  # the large ones are gone
    pruned = prune(Trial(small_dense(), {'ip2_weight': Form(mask=mask)}), {'ip2_weight': 0.3})
    assert not (pruned.forms['ip2_weight'].mask & ~mask).any()


def test_parameters_left_count_biases_and_what_no_mask_removes() -> None:
    pruned = prune(Trial(small_dense()), {'ip1_weight': 0.25, 'ip3_weight': 0.5})
    layers = {'ip1': (784 * 12, 12), 'ip2': (96, 8), 'ip3': (32, 4)}
    expected = 784 * 12 // 4 + 96 + 32 // 2 + sum(biases for _, biases in layers.values())
    assert parameters_left(pruned) == expected
    assert parameters_left(Trial(small_dense())) == small_dense().parameters


def test_step_by_step_the_same_share_of_what_is_left_goes(tmp_path: Path) -> None:
    lab = Lab(striped_dataset(64), (0,), True, tmp_path, silent)
    plan = Gradual(3, LESSON, Lesson(2, batch_size=32))
    pruned = prune_gradually(lab, 'key', Trial(small_dense()), {'ip1_weight': 0.08}, plan, 0)
    left = [np.count_nonzero(lab.train(f'key-step{step}', Trial(small_dense()), LESSON, 0)
                             .forms['ip1_weight'].mask) for step in (1, 2, 3)]
    size = small_dense().weights['ip1_weight'].size
    assert left == [round(size * 0.08 ** (step / 3)) for step in (1, 2, 3)]
    assert np.count_nonzero(pruned.classifier.weights['ip1_weight']) <= left[2]
    assert plan.epochs == 4


def test_retraining_within_the_forms_moves_what_is_left(tmp_path: Path) -> None:
    lab = Lab(striped_dataset(64), (0,), True, tmp_path, silent)
    start = prune(Trial(small_dense()), {'ip1_weight': 0.1})
    pruned = prune_gradually(lab, 'key', Trial(small_dense()), {'ip1_weight': 0.1},
                             Gradual(1, LESSON, LESSON), 0)
    kept = start.forms['ip1_weight'].mask
    before, after = (trial.classifier.weights['ip1_weight'] for trial in (start, pruned))
    assert not np.array_equal(before, after)
    assert not after[~kept].any()
    assert after[kept] == pytest.approx(before[kept], abs=0.1)
