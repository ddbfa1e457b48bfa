# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The constants of a .tflite file, against the runtime's own reader of the schema."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.flatbuffer import Constant, constants
from compressed_detector.errors import CompressionError

ROOT = Path(__file__).parents[2]
MODELS = [
    *sorted((ROOT / 'test' / 'data').glob('*/*.tflite')),
    ROOT / 'models' / 'nanodet_g' / 'nanodet_g_416_wi8_ai8.tflite',
]
TINY = (ROOT / 'test' / 'data' / 'tiny_gfl' / 'tiny_gfl_float.tflite').read_bytes()


def by_schema(model: bytes) -> dict[bytes, set[tuple[str, tuple[int, ...]]]]:
    """Return which tensors hold each constant."""
    root = schema.Model.GetRootAs(model, 0)
    found: dict[bytes, set[tuple[str, tuple[int, ...]]]] = {}
    for subgraph in map(root.Subgraphs, range(root.SubgraphsLength())):
        for tensor in map(subgraph.Tensors, range(subgraph.TensorsLength())):
            buffer = root.Buffers(tensor.Buffer())
            if buffer.DataLength():
                shape = tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength()))
                found.setdefault(buffer.DataAsNumpy().tobytes(), set()).add(
                    (tensor.Name().decode(), shape)
                )
    return found


def data(model: bytes, constant: Constant) -> bytes:
    return model[constant.offset:constant.offset + constant.size]


@pytest.mark.parametrize('path', MODELS, ids=[path.stem for path in MODELS])
def test_all_constants_are_found(path: Path) -> None:
    model = path.read_bytes()
    expected, found = by_schema(model), constants(model)
    assert {data(model, item) for item in found} == set(expected)
    for item in found:
        assert (item.name, item.shape) in expected[data(model, item)]
        assert item.size == item.width * int(np.prod(item.shape))
    ends = [item.offset + item.size for item in found]
    assert all(end <= item.offset for end, item in zip(ends, found[1:]))


def test_kernel_of_the_tiny_model_is_read() -> None:
    (kernel,) = (item for item in constants(TINY) if len(item.shape) == 4)
    assert (kernel.shape, kernel.width, kernel.size) == ((19, 3, 3, 3), 4, 2052)


@pytest.mark.parametrize('content', [b'', b'TFL3', b'\xff' * 64, TINY[:100], b'\x04\0\0\0TFL3'])
def test_file_that_is_no_flatbuffer_is_refused(content: bytes) -> None:
    with pytest.raises(CompressionError, match=r'expected a \.tflite file, got a broken'):
        constants(content)


@given(st.integers(0, len(TINY) - 1), st.binary(min_size=1, max_size=4))
def test_damaged_flatbuffer_is_read_within_its_bounds_or_refused(at: int, change: bytes) -> None:
    damaged = (TINY[:at] + change + TINY[at + len(change):])[:len(TINY)]
    try:
        found = constants(damaged)
    except CompressionError:
        return
    assert all(item.offset > 0 and item.offset + item.size <= len(damaged) for item in found)
