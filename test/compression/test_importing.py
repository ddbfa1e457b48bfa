# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Import of the published graph, on a graph of the same operations written by the tests."""

import json
from pathlib import Path

import numpy as np
import pytest
from nanodet_g_graph import write_graph

from compressed_detector.compression import dense, files
from compressed_detector.compression.importing import FILES, import_nanodet_g
from compressed_detector.errors import CompressionError


@pytest.fixture
def package(tmp_path: Path, shipped: dense.DenseWeights) -> Path:
    """An unpacked npm package whose graph has the shipped weights."""
    (tmp_path / 'models').mkdir()
    write_graph(shipped.weights).write(tmp_path / 'models' / 'nanodet.json')
    (tmp_path / 'package.json').write_text('{"name": "some-models", "version": "1.2.3"}')
    (tmp_path / 'LICENSE').write_text('licence of the package')
    return tmp_path


def test_weights_arrive_unchanged_with_licences_and_source(
    package: Path, tmp_path: Path, shipped: dense.DenseWeights
) -> None:
    contents, difference = import_nanodet_g(package)
    assert tuple(contents) == FILES
    assert difference < 1e-4
    assert contents['LICENSE.human-models'] == b'licence of the package'
    assert b'Copyright 2020-2021 RangiLyu' in contents['LICENSE.nanodet']
    files.write_together(tmp_path / 'out', contents, force=False)
    loaded = dense.load(tmp_path / 'out' / 'dense.npz')
    source = loaded.provenance['source']
    assert (source['package'], source['version']) == ('some-models', '1.2.3')
    shard = (package / 'models' / 'nanodet.bin').read_bytes()
    assert source['sha256']['nanodet.bin'] == files.sha256(shard)
    assert set(loaded.weights) == set(shipped.weights)
    for name, array in shipped.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], array)


def test_package_may_lie_one_folder_below(package: Path, tmp_path: Path) -> None:
    outer = tmp_path / 'outer'
    outer.mkdir()
    for name in ('models', 'package.json', 'LICENSE'):
        (outer / 'package').mkdir(exist_ok=True)
        (package / name).rename(outer / 'package' / name)
    contents, _ = import_nanodet_g(outer)
    assert json.loads(contents['dense.json'])['source']['package'] == 'some-models'


def test_graph_that_computes_something_else_is_refused(
    package: Path, shipped: dense.DenseWeights
) -> None:
    graph = write_graph(shipped.weights, pool_padding=0.0)
    graph.write(package / 'models' / 'nanodet.json')
    with pytest.raises(CompressionError, match='outputs that differ by '):
        import_nanodet_g(package)


def test_folder_without_a_graph_names_the_command_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match='expected nanodet.json .*npm pack'):
        import_nanodet_g(tmp_path)


def test_missing_licence_is_refused(package: Path) -> None:
    (package / 'LICENSE').unlink()
    with pytest.raises(CompressionError, match='expected the licence of the package'):
        import_nanodet_g(package)


def test_package_that_does_not_say_its_name_is_unknown(package: Path) -> None:
    (package / 'package.json').write_text('[]')
    contents, _ = import_nanodet_g(package)
    assert json.loads(contents['dense.json'])['source']['package'] == 'unknown'


@pytest.mark.parametrize(('old', 'new', 'message'), [
    ('PartitionedCall/convolution_7"', 'PartitionedCall/other"', 'expected convolutions named'),
    ('"PartitionedCall/convolution_7/bias"', '"elsewhere"', 'expected float weights and a bias'),
    ('"PartitionedCall/convolution_7/kernel"', '"nhwc"', 'expected float weights and a bias'),
])
def test_graph_of_another_network_is_refused(
    package: Path, old: str, new: str, message: str
) -> None:
    path = package / 'models' / 'nanodet.json'
    content = json.loads(path.read_text())
    topology = json.dumps(content['modelTopology']).replace(old, new)
    content['modelTopology'] = json.loads(topology)
    path.write_text(json.dumps(content))
    with pytest.raises(CompressionError, match=message):
        import_nanodet_g(package)


def test_graph_with_a_convolution_missing_names_its_weights(package: Path) -> None:
    path = package / 'models' / 'nanodet.json'
    content = json.loads(path.read_text())
    nodes = content['modelTopology']['node']
    nodes[:] = [node for node in nodes if node['name'] != 'PartitionedCall/convolution_33']
    path.write_text(json.dumps(content))
    with pytest.raises(CompressionError, match=r"weights: missing \['conv33_bias'"):
        import_nanodet_g(package)
