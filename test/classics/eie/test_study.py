# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The study of small layers as a whole, and the random layers of published shapes."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from compressed_detector.classics.eie.encoding import encode
from compressed_detector.classics.eie.measure import QUICK, measure
from compressed_detector.classics.eie.published import PUBLISHED, published_layers
from compressed_detector.classics.eie.study import study
from compressed_detector.compression.progress import silent
from compressed_detector.errors import BenchmarkError


def shared_layer(values: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(values)
    kept = random.random((30, 50)) < 0.2
    matrix = np.where(kept, random.integers(1, values + 1, (30, 50)), 0).astype(np.float32)
    return matrix, np.maximum(random.standard_normal(50), 0).astype(np.float32)


def test_study_says_of_every_layer_what_it_takes() -> None:
    # The second has more values than 4 bits name; the first is called as a layer of the paper.
    layers = {'Alex-8': shared_layer(15), 'dense_1': shared_layer(60)}
    result = study({name: matrix for name, (matrix, _) in layers.items()},
                   {name: activations for name, (_, activations) in layers.items()},
                   quick=True, report=silent)
    assert json.loads(json.dumps(result)) == result
    for name, (matrix, activations) in layers.items():
        found = result['layers'][name]
        assert found['shape'] == [30, 50]
        assert found['density'] == np.count_nonzero(matrix) / 1500
        assert found['activation_density'] == np.count_nonzero(activations) / 50
        assert set(found['measured']['us']) == {'compressed', 'dense_blas', 'dense_skipping'}
        # Fillers come on top.
        assert found['compressed']['macs'] >= np.count_nonzero(matrix[:, activations != 0])
        assert found['dense']['macs'] == 1500
        assert found['eie']['elements'] == 64
    assert [result['layers'][name]['code_bits'] for name in layers] == [4, 6]
    assert result['layers']['Alex-8']['paper']['actual_us'] == 9.9
    assert 'paper' not in result['layers']['dense_1']
    assert result['sweep'][0]['density'] == pytest.approx(0.01, rel=0.1)
    assert result['sweep'][-1]['density'] == pytest.approx(0.5, rel=0.1)


def test_a_wrong_product_is_not_timed() -> None:
    matrix, activations = shared_layer(15)
    with pytest.raises(BenchmarkError, match='compressed: expected results within'):
        measure(matrix, encode(matrix * 2, 1), activations, QUICK)


def test_without_threadpoolctl_the_error_names_the_command(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, 'threadpoolctl', None)
    matrix, activations = shared_layer(15)
    with pytest.raises(BenchmarkError, match='pip install -r requirements/workshop.txt'):
        measure(matrix, encode(matrix, 1), activations, QUICK)


def test_published_layers_have_the_shapes_and_densities_of_the_paper() -> None:
    matrices, activations = published_layers(seed=3)
    assert list(matrices) == list(activations) == list(PUBLISHED)
    for name in ('Alex-8', 'VGG-8'):
        layer, matrix = PUBLISHED[name], matrices[name]
        assert matrix.shape == (1000, 4096)
        assert np.count_nonzero(matrix) / matrix.size == pytest.approx(layer.density, rel=0.01)
        assert np.unique(matrix).size == 16
        assert np.count_nonzero(activations[name]) == round(4096 * layer.activation_density)


def test_published_layers_are_the_same_each_time_and_differ_by_seed() -> None:
    matrices, activations = published_layers(seed=3)
    again, other = published_layers(seed=3), published_layers(seed=4)
    assert np.array_equal(matrices['VGG-8'], again[0]['VGG-8'])
    assert np.array_equal(activations['VGG-8'], again[1]['VGG-8'])
    assert not np.array_equal(matrices['VGG-8'], other[0]['VGG-8'])
    assert not np.array_equal(np.unique(matrices['VGG-8']), np.unique(matrices['Alex-8']))
