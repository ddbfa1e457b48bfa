# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Figures, plots and equality of outputs, by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from compressed_detector.benchmark.equality import check, difference
from compressed_detector.benchmark.figures import (
    latency_figures,
    operation_figures,
    profile_figures,
    roofline_fraction,
)
from compressed_detector.benchmark.node_figures import node_figures
from compressed_detector.benchmark.operations import Operation
from compressed_detector.benchmark.plots import pareto, plots
from compressed_detector.benchmark.roofline import Roof
from compressed_detector.errors import BenchmarkError

DONE = [
    Operation('CONV_2D', 'a', 1000, 'int8', 100, 50, 60),
    Operation('CONV_2D', 'b', 500, 'int8', 40, 60, 60),
    Operation('ADD', 'c', 0, '', 0, 120, 60),
]


def test_latency_of_a_batch_is_shared_by_its_images() -> None:
    found = latency_figures(np.full((3, 2), 40.0), np.full((3, 2), 20.0), images=4)
    assert found['p50_ms'] == 40.0
    assert found['per_image_ms'] == 10.0
    assert found['images_per_s'] == 100.0
    assert found['ratio'] == {'value': 2.0, 'low': 2.0, 'high': 2.0}


def test_operations_are_added_by_operator() -> None:
    found = operation_figures(DONE)
    assert (found['macs'], found['weight_bytes'], found['moved_bytes']) == (1500, 140, 550)
    assert found['macs_by_type'] == {'int8': 1500}
    assert found['by_operator']['CONV_2D'] == {'count': 2, 'macs': 1500, 'moved_bytes': 370}
    assert roofline_fraction(Roof(1e6, 1e6), DONE, 3.0) == 0.5


def test_profile_has_the_shares_of_operators_and_the_slowest_first() -> None:
    found = profile_figures([('copy', 10.0), ('convolution', 60.0), ('copy', 30.0)])
    assert found['microseconds'] == 100.0
    assert list(found['by_operator']) == ['convolution', 'copy']
    assert found['by_operator']['copy'] == {'count': 2, 'microseconds': 40.0, 'share': 0.4}
    assert [item['step'] for item in found['slowest']] == [1, 2, 0]


def node(ages_ms: list[float]) -> dict[str, object]:
    return node_figures(
        sent=4, ages_ms=np.array(ages_ms), seconds=2.0, cpu_s=0.5, rss_bytes=100_000_000,
        peak_rss_bytes=120_000_000, values={
            'latency p50 (ms)': '12.00', 'latency p99 (ms)': '15.00',
            'inference p50 (ms)': '10.00',
        })


def test_overhead_of_the_node_is_what_is_not_the_network() -> None:
    found = node([14.0, 16.0, 15.0])
    assert (found['answered'], found['sent']) == (3, 4)
    assert (found['overhead_ms'], found['overhead_ratio']) == (2.0, 0.2)
    assert found['age']['p50_ms'] == 15.0
    assert (found['cpu_percent'], found['rss_mb'], found['peak_rss_mb']) == (25.0, 100.0, 120.0)


def test_node_that_answers_nothing_has_no_figures() -> None:
    with pytest.raises(BenchmarkError, match='expected answers to 4 images, got none'):
        node([])


def test_difference_is_relative_and_the_worst_of_the_outputs() -> None:
    expected = {'a': np.full((1, 2, 2, 3), 2.0, np.float32), 'b': np.ones((1, 4), np.float32)}
    found = {'a': expected['a'] + 0.1, 'b': expected['b'] - 0.2}
    assert difference(found, expected) == pytest.approx(0.2, rel=1e-5)
    assert check([0.01, 0.02], 'int8') == 0.02


@pytest.mark.parametrize(('precision', 'found'), [
    ('float32', 2e-4), ('int8', 0.06), ('int8', float('nan'))])
def test_peer_that_computes_something_else_is_refused(precision: str, found: float) -> None:
    with pytest.raises(BenchmarkError, match=f'expected outputs within .*{precision}'):
        check([0.0, found], precision)


def test_outputs_of_other_shapes_are_refused() -> None:
    image = np.ones((1, 2, 3, 1), np.float32)
    with pytest.raises(BenchmarkError, match='expected outputs'):
        difference({'a': image.transpose(0, 2, 1, 3)}, {'a': image})
    with pytest.raises(BenchmarkError, match='expected outputs'):
        difference({}, {'a': image})


def test_front_leaves_out_what_another_beats_in_both() -> None:
    points = [(3.0, 0.3), (1.0, 0.1), (2.0, 0.05), (3.0, 0.2), (4.0, 0.3), (5.0, 0.4)]
    assert pareto(points) == [(1.0, 0.1), (3.0, 0.3), (5.0, 0.4)]


def test_plots_are_pictures_of_what_is_known() -> None:
    batches = {'1': {'1': {'per_image_ms': 3.0}, '4': {'per_image_ms': 2.0}}}
    model = {'name': 'm', 'ap': 0.3, 'latency': {'1': {'p50_ms': 3.0}}, 'batches': batches}
    found = plots({'models': [model, {**model, 'name': 'n', 'batches': {'fixed': 'it is'}}]})
    assert set(found) == {'latency_by_batch.png', 'accuracy_by_latency.png'}
    for content in found.values():
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape[1] > 500
        assert picture.std() > 1
    assert plots({'models': [{'name': 'm', 'batches': {'fixed': 'it is'}}]}) == {}
