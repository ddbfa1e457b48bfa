# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A .tflite file written again is smaller and the same model."""

from pathlib import Path

import numpy as np
import pytest

from compressed_detector.compression.compact import ALIGNMENT, compact
from compressed_detector.compression.flatbuffer import constants
from compressed_detector.detection.interpreter import LiteInterpreter

MODELS = Path(__file__).parents[2] / 'models' / 'nanodet_g'


@pytest.fixture(scope='module')
def model() -> bytes:
    return (MODELS / 'nanodet_g_416_wi8_ai8.tflite').read_bytes()


def test_int8_model_gets_smaller_by_its_zero_points(model: bytes) -> None:
    per_channel = 2 * 8 * sum(
        item.shape[0] for item in constants(model) if len(item.shape) == 4)
    assert len(compact(model)) < len(model) - 0.8 * per_channel


def test_constants_are_the_same_and_aligned(model: bytes) -> None:
    before, after = model, compact(model)

    def contents(data: bytes) -> dict[str, bytes]:
        return {item.name: data[item.offset:item.offset + item.size] for item in constants(data)}

    assert contents(before) == contents(after)
    assert {item.offset % ALIGNMENT for item in constants(after)} == {0}


def test_model_computes_the_same_to_the_last_bit(model: bytes) -> None:
    image = np.random.RandomState(0).randint(0, 256, (1, 416, 416, 3)).astype(np.uint8)
    before, after = (
        LiteInterpreter(data, 1).run(lambda array: np.copyto(array, image))
        for data in (model, compact(model))
    )
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        np.testing.assert_array_equal(tensor.values, after[name].values)
        assert (tensor.scale, tensor.zero_point) == (after[name].scale, after[name].zero_point)


def test_compact_model_stays_as_it_is(model: bytes) -> None:
    once = compact(model)
    assert compact(once) == once
