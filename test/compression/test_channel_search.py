# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The least salient channels per multiply-accumulate go, eight at a time, within the budget."""

import numpy as np
import pytest
from small_networks import random_weights

from compressed_detector.compression.channel_search import choose
from compressed_detector.compression.channels import Coupling, couple, remove
from compressed_detector.compression.cost import cost
from compressed_detector.compression.network import INPUT, Add, Concat, Conv, Network
from compressed_detector.errors import CompressionError

SIZE = 8


def chain(channels: int = 24, cheap: int = 24) -> Network:
    """3 -> channels -> cheap -> 4 channels; only the first two can be pruned."""
    layers = (
        Conv('a', (INPUT,), 1, 0.1), Conv('b', ('a',), 2, 0.1), Conv('c', ('b',), 1, None),
    )
    shapes = {'a': (3, 3, 3, channels), 'b': (3, 3, channels, cheap), 'c': (1, 1, cheap, 4)}
    return Network(layers, {'out': 'c'}, random_weights(shapes))


def saliency_of(coupling: Coupling, **of_layers: np.ndarray) -> np.ndarray:
    saliency = np.zeros(coupling.count)
    for name, values in of_layers.items():
        saliency[coupling.sets[name]] = values
    return saliency


def test_least_salient_eight_go_first() -> None:
    network = chain()
    coupling = couple(network)
    saliency = saliency_of(coupling, a=np.arange(24.0, 0, -1), b=np.full(24, 1e6))
    removed = choose(network, SIZE, coupling, saliency, 0.99)
    np.testing.assert_array_equal(removed, np.sort(coupling.sets['a'][16:]))


def test_saliency_counts_per_multiply_accumulate() -> None:
    """A group of a saves 8 x (27 x 64 + 9 x 24 x 16), one of b 8 x (9 x 24 x 16 + 4 x 16)."""
    network = chain()
    coupling = couple(network)
    ratio = (27 * 64 + 9 * 24 * 16) / (9 * 24 * 16 + 4 * 16)
    for factor, name in ((0.99, 'a'), (1.01, 'b')):
        saliency = saliency_of(coupling, a=np.full(24, factor * ratio), b=np.ones(24))
        removed = choose(network, SIZE, coupling, saliency, 0.99)
        assert set(removed) < set(coupling.sets[name])


@pytest.mark.parametrize('share', [1.0, 0.9, 0.7, 0.5, 0.3])
def test_budget_is_kept_with_counts_in_eights(share: float) -> None:
    network = chain(28, 40)
    coupling = couple(network)
    saliency = np.random.RandomState(0).uniform(size=coupling.count)
    removed = choose(network, SIZE, coupling, saliency, share)
    narrow = remove(network, coupling, removed)
    assert cost(narrow, SIZE).macs <= share * cost(network, SIZE).macs
    for name, before in (('a', 28), ('b', 40)):
        count = narrow.weights[f'{name}_bias'].size
        assert count % 8 == 0 or count == before
        assert count >= 8
    if share == 1:
        assert not len(removed)


def test_last_eight_stay_and_a_budget_below_them_is_refused() -> None:
    network = chain(8, 16)
    coupling = couple(network)
    saliency = np.ones(coupling.count)
    with pytest.raises(CompressionError, match='which eight channels of everything need'):
        choose(network, SIZE, coupling, saliency, 0.01)


def test_tied_channels_go_together_and_partners_keep_eights_each() -> None:
    """What is added to a concatenation is pruned in eights on either side of the seam."""
    layers = (
        Conv('a', (INPUT,), 1, 0.1), Conv('b', (INPUT,), 1, 0.1),
        Concat('both', ('a', 'b')), Conv('c', (INPUT,), 1, 0.1), Add('sum', ('both', 'c')),
        Conv('d', ('sum',), 1, None),
    )
    shapes = {'a': (1, 1, 3, 24), 'b': (1, 1, 3, 16), 'c': (1, 1, 3, 40), 'd': (3, 3, 40, 4)}
    network = Network(layers, {'out': 'd'}, random_weights(shapes))
    coupling = couple(network)
    saliency = np.random.RandomState(0).uniform(size=coupling.count)
    narrow = remove(network, coupling, choose(network, SIZE, coupling, saliency, 0.5))
    counts = {name: narrow.weights[f'{name}_bias'].size for name in 'abc'}
    assert counts['c'] == counts['a'] + counts['b'] <= 24
    assert counts['a'] % 8 == counts['b'] % 8 == 0
    assert narrow.shapes(SIZE)['sum'] == (SIZE, SIZE, counts['c'])
