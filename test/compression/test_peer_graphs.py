# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Networks for other runtimes compute there what they compute in Keras."""

from __future__ import annotations

import collections

import numpy as np
import pytest
from small_networks import tiny_network

from compressed_detector.benchmark.equality import TOLERANCES, difference
from compressed_detector.benchmark.peers import PEERS, Exported, Peer
from compressed_detector.compression import ncnn_graph, onnx_graph
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import Network
from compressed_detector.errors import BenchmarkError

SIZE = 32
PICTURES = [np.random.default_rng(seed).uniform(0, 255, (1, SIZE, SIZE, 3)).astype(np.float32)
            for seed in range(8)]


@pytest.fixture(scope='module')
def network() -> Network:
    return tiny_network()


@pytest.fixture(scope='module')
def expected(network: Network) -> list[dict[str, np.ndarray]]:
    model = build_model(network, SIZE)
    return [{role: np.array(values) for role, values in model(picture).items()}
            for picture in PICTURES]


@pytest.mark.parametrize('peer', PEERS, ids=[peer.name for peer in PEERS])
def test_peer_computes_what_keras_computes(
    peer: Peer, network: Network, expected: list[dict[str, np.ndarray]]
) -> None:
    try:
        assert peer.version
        exported = Exported(onnx_graph.encode(network, SIZE), ncnn_graph.encode(network, SIZE),
                            tuple(network.outputs), PICTURES)
    except BenchmarkError as error:
        pytest.skip(str(error))
    runner = peer.prepare(exported)(1)
    for picture, outputs in zip(PICTURES, expected):
        runner.set_pixels(picture)
        assert difference(runner.outputs(), outputs) < TOLERANCES[peer.precision]


def test_onnx_model_computes_what_keras_computes(
    network: Network, expected: list[dict[str, np.ndarray]]
) -> None:
    onnx = pytest.importorskip('onnx')
    reference = pytest.importorskip('onnx.reference')
    model = onnx.load_from_string(onnx_graph.encode(network, SIZE))
    session = reference.ReferenceEvaluator(model)
    for picture, outputs in zip(PICTURES[:2], expected):
        found = session.run(list(outputs), {'image': picture.transpose(0, 3, 1, 2)})
        for values, wanted in zip(found, outputs.values()):
            np.testing.assert_allclose(values.transpose(0, 2, 3, 1), wanted, rtol=1e-4, atol=1e-4)


def test_graph_of_ncnn_reads_every_blob_once_and_has_all_weights(network: Network) -> None:
    text, weights = ncnn_graph.encode(network, SIZE)
    magic, counts, *lines = text.splitlines()
    reads: collections.Counter[str] = collections.Counter()
    written = []
    for line in lines:
        _, _, inputs, outputs, *blobs = line.split()
        names = blobs[:int(inputs)]
        assert set(names) <= set(written)
        reads.update(names)
        written += blobs[int(inputs):int(inputs) + int(outputs)]
    assert magic == '7767517'
    assert counts.split() == [str(len(lines)), str(len(written))]
    assert len(written) == len(set(written))
    assert set(written) - set(reads) == set(network.outputs)
    assert set(reads.values()) == {1}
    # And what stands before each kernel, and the two vectors of the normalization.
    values = sum(array.size for array in network.weights.values())
    assert len(weights) == 4 * (values + len(network.convolutions) + 2 * 3)
