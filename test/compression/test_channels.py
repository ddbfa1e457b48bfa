# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Channels go from every tensor they are in, whatever ties them, and nothing else changes."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import random_weights, tiny_network

from compressed_detector.compression.channels import (
    couple,
    energy_saliency,
    keeps,
    remove,
    summed_saliency,
)
from compressed_detector.compression.cost import cost
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.moments import Sampling, convolution_moments
from compressed_detector.compression.network import (
    INPUT,
    Add,
    Concat,
    Conv,
    Layer,
    MaxPool,
    Network,
    Normalize,
    ResizeLike,
)
from compressed_detector.errors import CompressionError

SIZE = 16
IMAGE = np.random.RandomState(3).uniform(0, 255, (1, SIZE, SIZE, 3)).astype(np.float32)


def test_concatenation_counts_its_inputs_one_after_the_other() -> None:
    network = tiny_network()
    sets = couple(network).sets
    np.testing.assert_array_equal(sets['both'], [*sets['b'], *sets['pool']])
    np.testing.assert_array_equal(sets['pool'], sets['a'])
    assert len(set(sets['both'])) == 16


def test_addition_ties_its_inputs_through_a_resize() -> None:
    sets = couple(tiny_network()).sets
    np.testing.assert_array_equal(sets['b'], sets['c'])
    np.testing.assert_array_equal(sets['sum'], sets['b'])
    assert not set(sets['a']) & set(sets['b'])


def test_channels_of_the_image_and_of_outputs_are_fixed() -> None:
    network = tiny_network()
    coupling = couple(network)
    assert coupling.fixed[coupling.sets[INPUT]].all()
    assert coupling.fixed[coupling.sets['d']].all()
    # c is an output and b is added to it.
    assert coupling.fixed[coupling.sets['b']].all()
    assert not coupling.fixed[coupling.sets['a']].any()


def test_fixed_channels_and_the_last_ones_are_refused() -> None:
    network = tiny_network()
    coupling = couple(network)
    with pytest.raises(CompressionError, match='of the image or of an output'):
        remove(network, coupling, coupling.sets['d'][:1])
    with pytest.raises(CompressionError, match='a: expected a channel to be left'):
        remove(network, coupling, coupling.sets['a'])


def test_removed_channel_leaves_producer_and_consumers() -> None:
    network = tiny_network()
    coupling = couple(network)
    narrow = remove(network, coupling, coupling.sets['a'][[1, 6]])
    left = [0, 2, 3, 4, 5, 7]
    np.testing.assert_array_equal(narrow.weights['a_weight'],
                                  network.weights['a_weight'][..., left])
    np.testing.assert_array_equal(narrow.weights['a_bias'], network.weights['a_bias'][left])
    np.testing.assert_array_equal(narrow.weights['b_weight'],
                                  network.weights['b_weight'][:, :, left])
    # c reads b's 8 channels first, then a's.
    np.testing.assert_array_equal(narrow.weights['c_weight'],
                                  network.weights['c_weight'][:, :, [*range(8), *np.add(left, 8)]])


class Grower:
    """Grows a random network of every kind of layer; results of one size can be combined."""

    def __init__(self, draw: Callable) -> None:
        self.draw = draw
        self.layers: list[Layer] = []
        self.kernels: dict[str, tuple[int, ...]] = {}
        self.shapes = {INPUT: (SIZE, 3)}

    def grow(self, steps: int) -> Network:
        for _ in range(steps):
            kind = self.draw(st.sampled_from(['conv', 'conv', 'pool', 'concat', 'add', 'norm']))
            getattr(self, f'_{kind}')()
        last = self._conv()
        other = self.draw(st.sampled_from([layer.name for layer in self.layers]))
        outputs = {'last': last, 'other': other}
        return Network(tuple(self.layers), outputs, random_weights(self.kernels))

    def _put(self, layer: Layer, size: int, channels: int) -> str:
        self.layers.append(layer)
        self.shapes[layer.name] = (size, channels)
        return layer.name

    def _name(self) -> str:
        return f'layer{len(self.layers)}'

    def _any(self) -> str:
        return self.draw(st.sampled_from(sorted(self.shapes)))

    def _conv(self, source: str | None = None, channels: int | None = None) -> str:
        source, name = source or self._any(), self._name()
        size, channels_in = self.shapes[source]
        stride = self.draw(st.sampled_from([1, 2])) if channels is None and size > 4 else 1
        kernel = self.draw(st.sampled_from([1, 3]))
        channels = channels or self.draw(st.integers(1, 4))
        self.kernels[name] = (kernel, kernel, channels_in, channels)
        return self._put(Conv(name, (source,), stride, 0.1), size // stride, channels)

    def _pool(self) -> None:
        source = self._any()
        size, channels = self.shapes[source]
        if size > 4:
            self._put(MaxPool(self._name(), (source,)), size // 2, channels)

    def _concat(self) -> None:
        one = self._any()
        size = self.shapes[one][0]
        same = [name for name, shape in sorted(self.shapes.items()) if shape[0] == size]
        other = self.draw(st.sampled_from(same))
        channels = self.shapes[one][1] + self.shapes[other][1]
        self._put(Concat(self._name(), (one, other)), size, channels)

    def _add(self) -> None:
        one, other = self._any(), self._any()
        size, channels = self.shapes[one]
        if self.shapes[other][1] != channels:
            other = self._conv(other, channels)
        resized = self._put(ResizeLike(self._name(), (other, one)), size, channels)
        self._put(Add(self._name(), (one, resized)), size, channels)

    def _norm(self) -> None:
        source = self._any()
        size, channels = self.shapes[source]
        random = np.random.RandomState(channels)
        mean, std = random.uniform(0.5, 2, (2, channels)).tolist()
        self._put(Normalize(self._name(), (source,), tuple(mean), tuple(std)), size, channels)


def removable(draw: Callable, network: Network) -> np.ndarray:
    """Some of the sets that can be removed; every convolution keeps a channel."""
    coupling = couple(network)
    free = [number for number in range(coupling.count) if not coupling.fixed[number]]
    removed = draw(st.lists(st.sampled_from(free), unique=True)) if free else []
    for conv in network.convolutions:
        if set(coupling.sets[conv.name]) <= set(removed):
            removed = [number for number in removed if number != coupling.sets[conv.name][0]]
    return np.array(removed, np.intp)


def outputs_of(network: Network) -> dict[str, np.ndarray]:
    return {role: np.asarray(value)
            for role, value in build_model(network, SIZE)(IMAGE).items()}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_surgery_keeps_shapes_valid_and_outputs_whole(data: st.DataObject) -> None:
    network = Grower(data.draw).grow(data.draw(st.integers(1, 8)))
    coupling = couple(network)
    removed = removable(data.draw, network)
    narrow = remove(network, coupling, removed)
    before, after = network.shapes(SIZE), narrow.shapes(SIZE)
    kept = keeps(coupling, removed)
    for name, (height, width, _) in before.items():
        assert after[name] == (height, width, kept[name].sum())
    for output in network.outputs.values():
        assert after[output] == before[output]
    assert cost(narrow, SIZE).params < cost(network, SIZE).params or not len(removed)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_channels_that_nobody_reads_leave_the_outputs_as_they_are(data: st.DataObject) -> None:
    network = Grower(data.draw).grow(data.draw(st.integers(1, 8)))
    coupling = couple(network)
    removed = removable(data.draw, network)
    weights = dict(network.weights)
    for conv in network.convolutions:
        kernel = weights[conv.weight_name].copy()
        kernel[:, :, np.isin(coupling.sets[conv.inputs[0]], removed)] = 0
        weights[conv.weight_name] = kernel
    unread = dataclasses.replace(network, weights=weights)
    expected, got = outputs_of(unread), outputs_of(remove(unread, coupling, removed))
    for role, values in expected.items():
        np.testing.assert_allclose(got[role], values, rtol=1e-4, atol=1e-3)


def test_channels_that_are_zero_leave_the_outputs_as_they_are() -> None:
    """Whatever the weights of those who read them, poolings and concatenations included."""
    network = tiny_network()
    weights = dict(network.weights)
    dead = [0, 5]
    for name in ('a_weight', 'a_bias'):
        weights[name] = weights[name].copy()
        weights[name][..., dead] = 0
    silent = dataclasses.replace(network, weights=weights)
    coupling = couple(silent)
    expected = outputs_of(silent)
    got = outputs_of(remove(silent, coupling, coupling.sets['a'][dead]))
    for role, values in expected.items():
        np.testing.assert_allclose(got[role], values, rtol=1e-5, atol=1e-4)


def test_energy_saliency_is_the_variance_times_what_consumers_make_of_it() -> None:
    network = tiny_network()
    names = [conv.name for conv in network.convolutions]
    moments = convolution_moments(network, network, names, [IMAGE], SIZE, Sampling(10**6, 0))
    random = np.random.RandomState(1)
    curvatures = {}
    for name in names:
        root = random.normal(size=(network.weights[f'{name}_bias'].size,) * 2)
        curvatures[name] = root @ root.T
    coupling = couple(network)
    saliency = energy_saliency(
        network, coupling, {name: (moments[name], curvatures[name]) for name in names})
    channel, expected = 3, 0.0
    for name, offset in (('b', 0), ('c', 8)):  # c reads b's 8 channels first
        kernel = network.weights[f'{name}_weight']
        channels_in = kernel.shape[2]
        for tap in range(9):
            row = tap * channels_in + offset + channel
            read = kernel.reshape(9, channels_in, -1)[tap, offset + channel]
            expected += moments[name].covariance[row, row] * (read @ curvatures[name] @ read)
    np.testing.assert_allclose(saliency[coupling.sets['a'][channel]], expected, rtol=1e-6)
    assert saliency[coupling.sets['d']].sum() == 0


def test_given_saliencies_are_summed_over_tied_channels() -> None:
    coupling = couple(tiny_network())
    got = summed_saliency(coupling, {'b': np.arange(8.0), 'c': np.full(8, 10.0)})
    np.testing.assert_array_equal(got[coupling.sets['sum']], np.arange(8.0) + 10)
