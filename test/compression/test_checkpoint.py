# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_networks import tiny_network

from compressed_detector.compression import checkpoint
from compressed_detector.compression.build import Build
from compressed_detector.compression.convert import Conversion
from compressed_detector.compression.formats import FORMATS
from compressed_detector.compression.forms import Form
from compressed_detector.errors import CompressionError

NETWORK = tiny_network()
KERNEL = NETWORK.weights['b_weight']
BUILD = Build(
    NETWORK, Conversion(FORMATS['wi4_ai8'], {'image': (0.0, 255.0), 'a': (-0.1, 3.25)}),
    notes=({'share': {'bits': 5, 'ratio': 0.25}},),
    forms={'b_weight': Form(KERNEL > 0, (abs(KERNEL) > 0.1).astype(np.uint8)),
           'c_weight': Form(mask=NETWORK.weights['c_weight'] > 0),
           'd_weight': Form(binary=True)},
)


def test_build_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / 'build.npz'
    path.write_bytes(checkpoint.encode(BUILD))
    build = checkpoint.load(path)
    assert build.network.layers == NETWORK.layers
    assert build.network.outputs == NETWORK.outputs
    assert build.notes == BUILD.notes
    assert build.conversion.format == BUILD.conversion.format
    assert build.conversion.ranges == BUILD.conversion.ranges
    assert set(build.network.weights) == set(NETWORK.weights)
    for name, weights in NETWORK.weights.items():
        np.testing.assert_array_equal(build.network.weights[name], weights)
    assert set(build.forms) == set(BUILD.forms)
    for name, form in BUILD.forms.items():
        assert build.forms[name].binary == form.binary
        np.testing.assert_array_equal(build.forms[name].mask, form.mask)
        np.testing.assert_array_equal(build.forms[name].assignments, form.assignments)


def load(path: Path) -> tuple[Build | None, str]:
    try:
        return checkpoint.load(path), ''
    except CompressionError as error:
        return None, str(error)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_file_is_refused_and_named(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(checkpoint.encode(BUILD))
    if data.draw(st.booleans()):
        content = content[:data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 0xff
    path = tmp_path / 'damaged.npz'
    path.write_bytes(content)
    build, error = load(path)
    if build is None:
        assert 'damaged.npz' in error
        assert 'remove it to build this stage again' in error
    else:  # the damage was where nothing is read
        np.testing.assert_array_equal(build.network.weights['b_weight'], KERNEL)


def test_other_npz_is_not_a_checkpoint(tmp_path: Path) -> None:
    np.savez(tmp_path / 'other.npz', a=np.zeros(3))
    with pytest.raises(CompressionError, match='expected a checkpoint of compress_model'):
        checkpoint.load(tmp_path / 'other.npz')
