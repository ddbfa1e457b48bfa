# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage prune_channels: smaller tensors, fitted to what the network computed before."""

from pathlib import Path

import numpy as np
import pytest
from calibration_pictures import write_pictures
from fitting_cases import measure_of, wide_network, workplace
from small_networks import random_weights

from compressed_detector.compression import channels
from compressed_detector.compression.build import Build
from compressed_detector.compression.channels_stage import PruneChannels, fit_narrow
from compressed_detector.compression.cost import cost
from compressed_detector.compression.forms import Form
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.naming import decode
from compressed_detector.compression.network import INPUT, Conv, Network
from compressed_detector.compression.progress import silent
from compressed_detector.errors import CompressionError

SIZE = 16
RANDOM = np.random.RandomState(0)
IMAGES = [RANDOM.uniform(0, 1, (1, SIZE, SIZE, 3)).astype(np.float32) for _ in range(4)]


def test_fit_recovers_channels_that_others_can_stand_in_for() -> None:
    """Channel 1 of a is the sum of the others, all positive; nobody reads channel 1 of b."""
    weights = random_weights({'a': (1, 1, 3, 3), 'b': (3, 3, 3, 4), 'c': (1, 1, 4, 2)})
    kernel = np.abs(weights['a_weight'])
    kernel[..., 1] = kernel[..., 0] + kernel[..., 2]
    weights.update(a_weight=kernel, a_bias=np.zeros(3, np.float32))
    weights['c_weight'][:, :, 1] = 0
    layers = (Conv('a', (INPUT,), 1, 0.1), Conv('b', ('a',), 1, 0.1), Conv('c', ('b',), 1, None))
    network = Network(layers, {'out': 'c'}, weights)
    coupling = channels.couple(network)
    removed = np.array([coupling.sets['a'][1], coupling.sets['b'][1]])
    narrow = channels.remove(network, coupling, removed)
    measure = measure_of(network, IMAGES)
    fitted = fit_narrow(narrow, channels.keeps(coupling, removed), measure, 1e-9, silent)
    expected, broken, got = (
        np.asarray(build_model(net, SIZE)(IMAGES[0])['out']) for net in (network, narrow, fitted)
    )
    assert np.abs(broken - expected).max() > 0.1
    np.testing.assert_allclose(got, expected, atol=1e-3)


@pytest.fixture(scope='module')
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp('pictures'), 3, size=64)


@pytest.mark.parametrize('criterion', ['energy', 'taylor'])
def test_stage_removes_the_channels_that_nobody_listens_to(
    pictures: Path, criterion: str
) -> None:
    network = wide_network()
    weights = dict(network.weights)
    weights['c_weight'] = weights['c_weight'].copy()
    weights['c_weight'][:, :, ::3] *= 1e-3
    quiet = Network(network.layers, network.outputs, weights)
    stage = PruneChannels(percent=80, criterion=criterion, calibration_images=3, positions=16)
    build = stage.apply(Build(quiet), workplace(quiet, pictures, SIZE))
    narrow, note = build.network, build.notes[0]['prune_channels']
    assert note['channels'] == {'a': 24, 'b': 16, 'c': 5}
    assert note['macs'] == cost(narrow, SIZE).macs <= 0.8 * cost(quiet, SIZE).macs
    kept = np.delete(weights['b_weight'], np.s_[::3], axis=3)
    assert narrow.weights['b_weight'].shape == kept.shape
    np.testing.assert_allclose(narrow.weights['b_weight'], kept, atol=1e-4)


def test_stage_without_pictures_or_after_ties_is_refused(pictures: Path) -> None:
    network = wide_network()
    with pytest.raises(CompressionError, match='stage prune_channels needs pictures'):
        PruneChannels().apply(Build(network), workplace(network, None, SIZE))
    tied = Build(network, forms={'a_weight': Form()})
    with pytest.raises(CompressionError, match='expected it before stages .* a_weight'):
        PruneChannels().apply(tied, workplace(network, pictures, SIZE))


def test_name_decodes_to_the_stage() -> None:
    assert decode('nanodet_g_352_ch75').stages == (PruneChannels(percent=75),)
