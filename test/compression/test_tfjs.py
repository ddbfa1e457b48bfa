# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A graph model is data from elsewhere: whatever is in it, it parses or is refused by name."""

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import GraphWriter

from compressed_detector.compression.tfjs import GraphModel, load_graph_model
from compressed_detector.errors import CompressionError


def small_graph() -> GraphWriter:
    graph = GraphWriter()
    graph.node('Placeholder', 'x', [])
    graph.conv('conv', 'x', np.arange(9.0).reshape(3, 3, 1, 1) / 4, np.array([0.5]), 1)
    return graph


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return small_graph().write(tmp_path / 'graph.json')


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_float16_weights_are_read_as_float32(path: Path) -> None:
    graph = load_graph_model(path)
    kernel = graph.constants['conv/kernel']
    assert kernel.dtype == np.float32
    np.testing.assert_array_equal(kernel.ravel(), np.arange(9) / 4)


def test_integers_keep_their_type_and_constants_are_no_nodes(path: Path) -> None:
    graph = load_graph_model(path)
    assert graph.constants['conv/pads'].tolist() == [[0, 0], [1, 1], [1, 1], [0, 0]]
    assert graph.constants['conv/pads'].dtype == np.int32
    assert [node.name for node in graph.nodes] == ['x', 'conv/pad', 'conv', 'conv/add']


def test_several_shards_are_one_stretch_of_bytes(tmp_path: Path) -> None:
    whole = load_graph_model(small_graph().write(tmp_path / 'one.json'))
    parts = load_graph_model(small_graph().write(tmp_path / 'three.json', shards=3))
    assert set(parts.sha256) == {'three.json', 'three.bin', 'three1.bin', 'three2.bin'}
    for name, array in whole.constants.items():
        np.testing.assert_array_equal(parts.constants[name], array)


@pytest.mark.parametrize('cut', [1, 2, 17])
def test_cut_shard_is_refused_with_the_name_of_the_array(path: Path, cut: int) -> None:
    shard = path.with_suffix('.bin')
    shard.write_bytes(shard.read_bytes()[:-cut])
    with pytest.raises(CompressionError, match='expected .* bytes for .*cut off'):
        load_graph_model(path)


def test_surplus_bytes_are_refused(path: Path) -> None:
    shard = path.with_suffix('.bin')
    shard.write_bytes(shard.read_bytes() + b'\0')
    with pytest.raises(CompressionError, match='belong to another model'):
        load_graph_model(path)


def test_missing_files_are_named(tmp_path: Path, path: Path) -> None:
    with pytest.raises(CompressionError, match='cannot read graph model .*absent.json'):
        load_graph_model(tmp_path / 'absent.json')
    path.with_suffix('.bin').unlink()
    with pytest.raises(CompressionError, match='cannot read weight shard .*graph.bin'):
        load_graph_model(path)


@pytest.mark.parametrize('name', ['../graph.bin', '/etc/passwd', '', '..', 'a\0b', 3, None])
def test_shard_outside_of_the_folder_is_refused(path: Path, name: Any) -> None:
    content = small_graph().content([name])
    with pytest.raises(CompressionError, match='file beside|cannot read weight shard'):
        load_graph_model(write(path, content))


@pytest.mark.parametrize('size', [-1, 1.5, True, '3', 10**30, None])
def test_size_that_is_no_size_is_refused(path: Path, size: Any) -> None:
    content = small_graph().content(['graph.bin'])
    content['weightsManifest'][0]['weights'][0]['shape'] = [size]
    with pytest.raises(CompressionError, match='sizes as the shape'):
        load_graph_model(write(path, content))


def test_quantization_that_is_not_float16_is_refused(path: Path) -> None:
    content = small_graph().content(['graph.bin'])
    content['weightsManifest'][0]['weights'][1]['quantization'] = {'dtype': 'uint8', 'scale': 1}
    with pytest.raises(CompressionError, match='uint8'):
        load_graph_model(write(path, content))


@pytest.mark.parametrize('text', [b'', b'{', b'\xff\xfe', b'[' * 100000, b'[]', b'null', b'{}'])
def test_file_that_is_no_graph_is_refused(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    with pytest.raises(CompressionError, match='expected'):
        load_graph_model(path)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where values lie in a JSON document, as keys and indices."""
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ()
    )
    return [at, *(place for key, item in items for place in places(item, (*at, key)))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
DOCUMENT = small_graph().content(['graph.bin'])


@given(place=st.sampled_from(places(DOCUMENT)), value=JSON)
@settings(max_examples=300, deadline=None)
def test_any_value_replaced_parses_or_is_a_compression_error(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Any, ...], value: Any
) -> None:
    document: Any = copy.deepcopy(DOCUMENT)
    if place:
        target = document
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = value
    else:
        document = value
    path = tmp_path_factory.getbasetemp() / 'graph.json'
    path.with_suffix('.bin').write_bytes(small_graph().data)
    with contextlib.suppress(CompressionError):
        assert isinstance(load_graph_model(write(path, document)), GraphModel)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_a_compression_error(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / 'bytes.json'
    path.write_bytes(text)
    with pytest.raises(CompressionError):
        load_graph_model(path)
