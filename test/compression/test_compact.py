# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A .tflite file written again is smaller and the same model."""

from pathlib import Path

import numpy as np
import pytest
from calibration_pictures import pictures
from small_networks import tiny_network

from compressed_detector.compression import convert as convert_module
from compressed_detector.compression.compact import ALIGNMENT, compact
from compressed_detector.compression.flatbuffer import constants
from compressed_detector.compression.formats import STATIC_INT8
from compressed_detector.compression.ranges import calibrate
from compressed_detector.detection.interpreter import LiteInterpreter

MODELS = Path(__file__).parents[2] / 'models' / 'nanodet_g'


@pytest.fixture(scope='module')
def model() -> bytes:
    return (MODELS / 'nanodet_g_416_wi8_ai8.tflite').read_bytes()


def test_what_the_converter_writes_gets_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []

    def as_it_is(content: bytes) -> bytes:
        written.append(content)
        return content

    monkeypatch.setattr(convert_module, 'compact', as_it_is)
    network = tiny_network()
    ranges = calibrate(network, 32, pictures(0, 4))
    convert_module.convert(network, 32, convert_module.Conversion(STATIC_INT8, ranges))
    assert len(compact(written[0])) < len(written[0])


def test_the_shipped_model_cannot_get_smaller(model: bytes) -> None:
    assert len(compact(model)) == len(model)


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
