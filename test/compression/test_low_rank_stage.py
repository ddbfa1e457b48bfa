# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage low_rank: cheaper, and as close to what was computed as a fit in order brings it."""

from pathlib import Path

import numpy as np
import pytest
from calibration_pictures import write_pictures
from fitting_cases import measure_of, wide_network, workplace
from small_networks import tiny_network

from compressed_detector.compression.build import Build
from compressed_detector.compression.cost import cost
from compressed_detector.compression.evidence import Evidence
from compressed_detector.compression.forms import Form
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.low_rank import factor
from compressed_detector.compression.low_rank_stage import LowRank, factor_in_order
from compressed_detector.compression.naming import decode
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import silent
from compressed_detector.compression.rank_search import rank_choices, search
from compressed_detector.errors import CompressionError

SIZE = 32
EVEN = {'a': np.eye(24), 'b': np.eye(24), 'c': np.eye(5)}
RANDOM = np.random.RandomState(0)
IMAGES = [RANDOM.uniform(0, 255, (1, SIZE, SIZE, 3)).astype(np.float32) for _ in range(8)]


def output_error(network: Network, reference: Network) -> float:
    """Mean square of what the outputs differ by."""
    models = [build_model(net, SIZE) for net in (network, reference)]
    differences = [
        np.square(got[role] - wanted[role]).mean()
        for got, wanted in (tuple(model(image) for model in models) for image in IMAGES)
        for role in reference.outputs
    ]
    return float(np.mean(differences))


def test_fitting_in_order_makes_up_for_errors_that_one_shot_leaves() -> None:
    network = tiny_network()
    ranks = {'b': 3, 'c': 3}
    measure = measure_of(network, IMAGES)
    curvatures = {'b': np.eye(8), 'c': np.eye(8)}
    in_order = factor_in_order(network, ranks, curvatures, measure, 1e-6, silent)
    one_shot = network
    moments = measure(network, list(ranks))
    for name, rank in ranks.items():
        one_shot = factor(one_shot, name, moments[name], np.eye(8), rank, 1e-6)
    assert output_error(in_order, network) < 0.95 * output_error(one_shot, network)


def test_nothing_to_factor_leaves_the_network_alone() -> None:
    network = tiny_network()
    assert factor_in_order(network, {}, {}, measure_of(network, IMAGES), 1e-3, silent) is network


def evidence_of(network: Network, **weights: float) -> Evidence:
    moments = measure_of(network, IMAGES)(network, list('abc'))
    return {name: (moments[name], weights.get(name, 1.0) * EVEN[name]) for name in EVEN}


def test_convolutions_where_factors_do_not_pay_are_kept() -> None:
    network = wide_network()
    choices = rank_choices(network, SIZE, evidence_of(network), 1e-3)
    assert [choice.rank for choice in choices['c']] == [0]  # 1x1, 24 to 5 channels
    assert [choice.rank for choice in choices['b']] == [0, 8, 16]
    assert all(choice.macs < of_layer[0].macs for of_layer in choices.values()
               for choice in of_layer[1:])


def test_macs_of_a_choice_are_those_of_the_network_with_it() -> None:
    network = wide_network()
    evidence = evidence_of(network)
    ranks = search(network, SIZE, evidence, 0.7, 1e-3)
    assert ranks
    choices = rank_choices(network, SIZE, evidence, 1e-3)
    expected = sum(
        next(choice.macs for choice in choices[name] if choice.rank == ranks.get(name, 0))
        for name in choices
    )
    measure = measure_of(network, IMAGES)
    factored = factor_in_order(network, ranks, EVEN, measure, 1e-3, silent)
    assert cost(factored, SIZE).macs == expected <= 0.7 * cost(network, SIZE).macs


def test_layer_whose_errors_matter_more_keeps_its_rank() -> None:
    network = wide_network()
    for heavy, light in (('a', 'b'), ('b', 'a')):
        ranks = search(network, SIZE, evidence_of(network, **{heavy: 1e6}), 0.9, 1e-3)
        assert heavy not in ranks
        assert light in ranks


@pytest.fixture(scope='module')
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp('pictures'), 4, size=64)


def test_stage_brings_a_network_below_its_budget(pictures: Path) -> None:
    network = wide_network()
    stage = LowRank(percent=70, calibration_images=4, positions=16)
    build = stage.apply(Build(network), workplace(network, pictures, SIZE))
    assert cost(build.network, SIZE).macs <= 0.7 * cost(network, SIZE).macs
    (note,) = build.notes
    assert note['low_rank']['ranks']
    assert note['low_rank']['macs'] == cost(build.network, SIZE).macs
    assert build.network.outputs == network.outputs


def test_stage_without_pictures_or_after_ties_is_refused(pictures: Path) -> None:
    network = wide_network()
    with pytest.raises(CompressionError, match='stage low_rank needs pictures .*--images DIR'):
        LowRank().apply(Build(network), workplace(network, None, SIZE))
    tied = Build(network, forms={'a_weight': Form()})
    with pytest.raises(CompressionError, match='expected it before stages .* a_weight'):
        LowRank().apply(tied, workplace(network, pictures, SIZE))


def test_name_decodes_to_the_stage() -> None:
    design = decode('nanodet_g_352_rank80_wi8_ai8')
    assert design.stages[0] == LowRank(percent=80)
