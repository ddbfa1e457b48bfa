# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The oracle itself is checked by hand on graphs small enough to calculate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_networks import VALID, GraphWriter

from compressed_detector.compression.tfjs import load_graph_model
from compressed_detector.compression.tfjs_evaluator import evaluate
from compressed_detector.errors import CompressionError


def run(graph: GraphWriter, tmp_path: Path, output: str, **inputs: Any) -> np.ndarray:
    model = load_graph_model(graph.write(tmp_path / 'graph.json'))
    return evaluate(model, inputs, (output,))[output]


@pytest.fixture
def graph() -> GraphWriter:
    graph = GraphWriter()
    graph.node('Placeholder', 'x', [])
    return graph


def image(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)[None, ..., None]


def test_convolution_adds_up_neighbours_and_the_bias(graph: GraphWriter, tmp_path: Path) -> None:
    result = graph.conv('conv', 'x', np.ones((3, 3, 1, 1)), np.array([10.0]), 1)
    got = run(graph, tmp_path, result, x=image([1, 2], [3, 4]))
    np.testing.assert_array_equal(got[0, ..., 0], [[20, 20], [20, 20]])


def test_max_pool_ignores_a_border_of_minus_infinity(graph: GraphWriter, tmp_path: Path) -> None:
    pads = graph.constant('pads', [[0, 0], [1, 1], [1, 1], [0, 0]])
    graph.node('PadV2', 'padded', ['x', pads, graph.constant('value', -np.inf)])
    graph.node('MaxPool', 'pool', ['padded'], padding=VALID,
               ksize={'list': {'i': ['1', '3', '3', '1']}},
               strides={'list': {'i': ['1', '2', '2', '1']}})
    got = run(graph, tmp_path, 'pool', x=image([-5, -6], [-7, -8]))
    np.testing.assert_array_equal(got[0, ..., 0], [[-5]])


def test_resize_is_half_pixel(graph: GraphWriter, tmp_path: Path) -> None:
    graph.node('ResizeBilinear', 'up', ['x', graph.constant('size', [1, 4])],
               half_pixel_centers={'b': True}, align_corners={'b': False})
    got = run(graph, tmp_path, 'up', x=image([0, 4]))
    np.testing.assert_allclose(got[0, 0, :, 0], [0, 1, 3, 4])


def test_split_outputs_are_addressed_by_index(graph: GraphWriter, tmp_path: Path) -> None:
    graph.node('SplitV', 'split', ['x', graph.constant('sizes', [1, 2]), graph.constant('d', 1)])
    graph.node('Identity', 'second', ['split:1'])
    got = run(graph, tmp_path, 'second', x=np.array([[1, 2, 3]], np.float32))
    np.testing.assert_array_equal(got, [[2, 3]])


def test_nodes_may_stand_in_any_order(graph: GraphWriter, tmp_path: Path) -> None:
    graph.node('AddV2', 'late', ['early', 'x'])
    graph.node('Add', 'early', ['x', 'x'])
    got = run(graph, tmp_path, 'late', x=np.array([2.0], np.float32))
    np.testing.assert_array_equal(got, [6])


def test_unknown_operation_is_named(graph: GraphWriter, tmp_path: Path) -> None:
    graph.node('Einsum', 'product', ['x'])
    with pytest.raises(CompressionError, match="'product': expected one of .*, got 'Einsum'"):
        run(graph, tmp_path, 'product', x=image([1]))


def test_circle_is_refused(graph: GraphWriter, tmp_path: Path) -> None:
    graph.node('Add', 'a', ['b', 'x'])
    graph.node('Add', 'b', ['a', 'x'])
    with pytest.raises(CompressionError, match='computed by the graph'):
        run(graph, tmp_path, 'a', x=image([1]))


def test_output_that_does_not_exist_is_named(graph: GraphWriter, tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match="expected nodes \\['y'\\]"):
        run(graph, tmp_path, 'y', x=image([1]))


def test_operation_that_cannot_run_is_named(graph: GraphWriter, tmp_path: Path) -> None:
    graph.node('Conv2D', 'conv', ['x', 'x'])  # without strides
    with pytest.raises(CompressionError, match="'conv' \\(Conv2D\\) cannot be run"):
        run(graph, tmp_path, 'conv', x=image([1]))
