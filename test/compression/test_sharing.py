# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Shared weights: few values, zeros outside of the codebook, and the form that says so."""

import numpy as np
import pytest
from small_networks import tiny_network

from compressed_detector.compression.forms import Form, project
from compressed_detector.compression.sharing import share, share_network

WEIGHTS = np.random.default_rng(0).normal(size=(3, 3, 8, 8)).astype(np.float32)
MASK = np.random.default_rng(1).uniform(size=WEIGHTS.shape) < 0.6
PRUNED = np.where(MASK, WEIGHTS, np.float32(0))


@pytest.mark.parametrize('bits', [2, 3, 5, 8])
def test_no_more_values_than_the_codebook_has_entries(bits: int) -> None:
    shared, form = share(WEIGHTS, Form(), 2 ** bits)
    assert form.codebook_size == np.unique(shared).size <= 2 ** bits
    assert shared.dtype == np.float32
    assert np.mean((shared - WEIGHTS) ** 2) < np.var(WEIGHTS) / (2 ** bits)


def test_equal_assignments_are_equal_values_and_the_form_is_kept() -> None:
    shared, form = share(WEIGHTS, Form(), 16)
    np.testing.assert_allclose(project(shared, form), shared, rtol=1e-6)
    np.testing.assert_allclose(project(WEIGHTS, form), shared, rtol=1e-5, atol=1e-7)


def test_removed_weights_stay_zero_and_have_no_entry() -> None:
    shared, form = share(PRUNED, Form(mask=MASK), 4)
    assert not shared[~MASK].any()
    assert not np.signbit(shared[~MASK]).any()
    assert np.unique(shared[MASK]).size == 4
    assert np.all(shared[MASK] != 0)
    np.testing.assert_array_equal(form.mask, MASK)


def test_sharing_again_changes_nothing() -> None:
    shared, form = share(PRUNED, Form(mask=MASK), 8)
    again, _ = share(shared, form, 8)
    np.testing.assert_array_equal(again, shared)


def test_important_weights_move_less() -> None:
    importance = np.where(np.arange(8) == 3, 1000.0, 1.0)
    equal, _ = share(WEIGHTS, Form(), 8)
    weighted, _ = share(WEIGHTS, Form(), 8, importance=importance)
    errors = [np.mean((shared - WEIGHTS)[..., 3] ** 2) for shared in (equal, weighted)]
    assert errors[1] < errors[0]


def test_nothing_left_is_nothing_to_share() -> None:
    none = np.zeros((1, 1, 2, 2), np.float32)
    shared, form = share(none, Form(mask=np.zeros(none.shape, bool)), 4)
    assert not shared.any()
    assert form.assignments is None


def test_network_shares_the_named_kernels_and_never_biases() -> None:
    network = tiny_network()
    shared, forms = share_network(network, {}, ['b_weight', 'c_weight'], 4, 'density')
    assert set(forms) == {'b_weight', 'c_weight'}
    changed = {name for name in network.weights
               if not np.array_equal(shared.weights[name], network.weights[name])}
    assert changed == {'b_weight', 'c_weight'}
    assert all(np.unique(shared.weights[name]).size <= 4 for name in forms)
