# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pruned networks have the density asked for, real zeros, and what is left made up for it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from small_networks import tiny_network

from compressed_detector.compression.forms import Form
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.moments import Moments, Sampling, convolution_moments
from compressed_detector.compression.network import Network
from compressed_detector.compression.sparsify import METHODS, prune_n_of_m, prune_network
from compressed_detector.errors import CompressionError

SIZE = 32
DENSE = tiny_network()
ALL = DENSE.convolutions
RANDOM = np.random.default_rng(0)
# Smooth pictures: what a convolution sees depends on each other, as in real ones.
PICTURES = [
    np.kron(RANDOM.uniform(0, 255, (1, 8, 8, 3)), np.ones((1, 4, 4, 1))).astype(np.float32)
    for _ in range(8)
]


def measure(network: Network, names: Sequence[str]) -> Mapping[str, Moments]:
    return convolution_moments(network, DENSE, names, PICTURES, SIZE, Sampling(10**6, 0))


def output_error(network: Network) -> float:
    model, dense = build_model(network, SIZE), build_model(DENSE, SIZE)
    return float(sum(
        np.mean((np.asarray(model(picture)[role]) - np.asarray(dense(picture)[role])) ** 2)
        for picture in PICTURES for role in DENSE.outputs
    ))


@pytest.fixture(scope='module')
def halves() -> dict[str, tuple[Network, dict[str, Form]]]:
    return {method: prune_network(DENSE, {}, 0.5, ALL, method, measure=measure)
            for method in METHODS}


@pytest.mark.parametrize('method', METHODS)
def test_every_layer_has_the_density_and_zeros_where_its_mask_is_false(
    halves: dict[str, tuple[Network, dict[str, Form]]], method: str
) -> None:
    network, forms = halves[method]
    assert set(forms) == {conv.weight_name for conv in ALL}
    for name, form in forms.items():
        weights = network.weights[name]
        assert np.count_nonzero(weights) == np.count_nonzero(form.mask) == weights.size // 2
        np.testing.assert_array_equal(weights != 0, form.mask)
        assert not np.signbit(weights[~form.mask]).any(), 'zeros are not -0.0'


def test_what_looks_at_the_inputs_loses_less(
    halves: dict[str, tuple[Network, dict[str, Form]]]
) -> None:
    errors = {method: output_error(network) for method, (network, _) in halves.items()}
    assert errors['obs'] < errors['obd'] / 2
    assert errors['obs'] < errors['magnitude'] / 2


def test_only_surgery_changes_what_is_left(
    halves: dict[str, tuple[Network, dict[str, Form]]]
) -> None:
    for method, (network, forms) in halves.items():
        same = [np.array_equal(network.weights[name][form.mask], DENSE.weights[name][form.mask])
                for name, form in forms.items()]
        assert all(same) == (method != 'obs')


@pytest.mark.parametrize('method', METHODS)
def test_one_threshold_gives_the_density_as_a_whole(method: str) -> None:
    network, forms = prune_network(DENSE, {}, 0.3, ALL, method, 'global', measure)
    sizes = {name: form.mask.size for name, form in forms.items()}
    kept = {name: np.count_nonzero(form.mask) for name, form in forms.items()}
    assert sum(kept.values()) == round(0.3 * sum(sizes.values()))
    assert len({round(kept[name] / sizes[name], 2) for name in sizes}) > 1


def test_global_threshold_does_not_depend_on_the_scale_of_a_layer() -> None:
    scaled = Network(DENSE.layers, DENSE.outputs, {
        **DENSE.weights, 'b_weight': DENSE.weights['b_weight'] * np.float32(64)})
    masks = [prune_network(network, {}, 0.3, ALL, scope='global')[1]['b_weight'].mask
             for network in (DENSE, scaled)]
    np.testing.assert_array_equal(*masks)


def test_diagonals_of_the_loss_are_compared_between_layers_as_they_are() -> None:
    diagonals = {conv.weight_name: np.full((1,), 1e6 if conv.name == 'd' else 1e-6)
                 for conv in ALL}
    _, forms = prune_network(DENSE, {}, 0.5, ALL, 'obd', 'global', diagonals=diagonals)
    assert forms['d_weight'].mask.all()


@pytest.mark.parametrize('method', METHODS)
def test_pruning_again_removes_more_and_brings_nothing_back(
    halves: dict[str, tuple[Network, dict[str, Form]]], method: str
) -> None:
    network, forms = halves[method]
    again, further = prune_network(network, forms, 0.25, ALL, method, measure=measure)
    for name, form in further.items():
        assert not (form.mask & ~forms[name].mask).any()
        assert np.count_nonzero(form.mask) == form.mask.size // 4
        assert not again.weights[name][~form.mask].any()


def test_shared_weights_stay_shared() -> None:
    assignments = (DENSE.weights['b_weight'] > 0).astype(np.uint8)
    forms = {'b_weight': Form(assignments=assignments)}
    network, changed = prune_network(DENSE, forms, 0.5, ALL)
    form = changed['b_weight']
    np.testing.assert_array_equal(form.assignments, assignments)
    assert np.unique(network.weights['b_weight'][form.mask]).size == 2


def test_layers_that_are_not_named_stay_as_they_are() -> None:
    network, forms = prune_network(DENSE, {}, 0.5, [conv for conv in ALL if conv.name == 'b'])
    assert set(forms) == {'b_weight'}
    changed = [name for name in DENSE.weights
               if not np.array_equal(network.weights[name], DENSE.weights[name])]
    assert changed == ['b_weight']


@pytest.mark.parametrize('method', ['magnitude', 'obs'])
def test_two_of_four_input_channels_are_left_wherever_there_are_four(method: str) -> None:
    network, forms = prune_n_of_m(DENSE, {}, 2, 4, ALL, method, measure)
    assert set(forms) == {'b_weight', 'c_weight', 'd_weight'}, 'a has three input channels'
    for name, form in forms.items():
        rows, columns, inputs, outputs = form.mask.shape
        grouped = form.mask.reshape(rows, columns, inputs // 4, 4, outputs)
        assert np.all(grouped.sum(axis=3) == 2)
        np.testing.assert_array_equal(network.weights[name] != 0, form.mask)


def test_surgery_loses_less_in_groups_as_well() -> None:
    by_size, surgery = (prune_n_of_m(DENSE, {}, 2, 4, ALL, method, measure)[0]
                        for method in ('magnitude', 'obs'))
    assert output_error(surgery) < output_error(by_size) / 2


@pytest.mark.parametrize(('method', 'message'), [
    ('obs', 'expected moments of the inputs'), ('obd', 'expected moments of the inputs'),
    ('random', "expected a method among magnitude, obd, obs, got 'random'"),
])
def test_method_without_what_it_needs_is_refused(method: str, message: str) -> None:
    with pytest.raises(CompressionError, match=message):
        prune_network(DENSE, {}, 0.5, ALL, method)
