# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion keeps names and numbers; int8 costs no more than its rounding."""

from collections.abc import Iterator

import numpy as np
import pytest
from small_networks import tiny_network

from compressed_detector.compression.convert import Converted, convert
from compressed_detector.compression.keras_network import build_model
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.errors import CompressionError

ROLES = ('fine', 'coarse')


def pictures(seed: int, count: int, low: int = 0, high: int = 255) -> list[np.ndarray]:
    random = np.random.RandomState(seed)
    samples = [random.randint(low, high + 1, (1, 32, 32, 3)) for _ in range(count)]
    samples[0][0, 0, 0], samples[0][0, 0, 1] = low, high
    return [sample.astype(np.float32) for sample in samples]


def infer(converted: Converted, image: np.ndarray) -> dict[str, np.ndarray]:
    interpreter = LiteInterpreter(converted.tflite, 1)

    def fill(array: np.ndarray) -> None:
        array[...] = image

    tensors = interpreter.run(fill)
    return {
        output.role: tensors[output.tensor].real(tensors[output.tensor].values)
        for output in converted.outputs
    }


@pytest.fixture(scope='module')
def quantized() -> Converted:
    return convert(build_model(tiny_network(), 32), ROLES, lambda: iter(pictures(0, 20)))


def test_float_model_computes_what_the_network_computes() -> None:
    model = build_model(tiny_network(), 32)
    converted = convert(model, ROLES, None)
    assert converted.input_shape == (1, 32, 32, 3)
    assert converted.input_dtype == 'float32'
    assert [(o.role, o.shape, o.dtype) for o in converted.outputs] == [
        ('fine', (1, 8, 8, 5), 'float32'), ('coarse', (1, 4, 4, 8), 'float32')
    ]
    image = pictures(1, 1)[0]
    got = infer(converted, image)
    for role, expected in model(image).items():
        np.testing.assert_allclose(got[role], np.asarray(expected), atol=1e-4)


def test_int8_model_takes_pixels_and_gives_integers(quantized: Converted) -> None:
    assert quantized.input_dtype == 'uint8'
    assert {output.dtype for output in quantized.outputs} == {'int8'}
    interpreter = LiteInterpreter(quantized.tflite, 1)
    assert (interpreter.input.scale, interpreter.input.zero_point) == (1, 0)


def test_int8_model_is_off_by_little_of_the_range(quantized: Converted) -> None:
    model = build_model(tiny_network(), 32)
    image = pictures(2, 1)[0]
    got = infer(quantized, image)
    for role, expected in model(image).items():
        expected = np.asarray(expected)
        assert np.abs(got[role] - expected).mean() < 0.02 * np.ptp(expected)


def test_same_calibration_gives_the_same_file(quantized: Converted) -> None:
    again = convert(build_model(tiny_network(), 32), ROLES, lambda: iter(pictures(0, 20)))
    assert again.tflite == quantized.tflite


def test_calibration_that_does_not_span_the_pixels_is_refused() -> None:
    with pytest.raises(CompressionError, match='scale 1 and zero point 0, got'):
        convert(build_model(tiny_network(), 32), ROLES, lambda: iter(pictures(0, 2, high=100)))


def test_error_of_the_calibration_is_passed_on() -> None:
    def unreadable() -> Iterator[np.ndarray]:
        yield pictures(0, 1)[0]
        raise CompressionError('--images: cannot read it any more')

    with pytest.raises(CompressionError, match='^--images: cannot read it any more$'):
        convert(build_model(tiny_network(), 32), ROLES, unreadable)


def test_error_of_the_converter_is_a_compression_error(capfd: pytest.CaptureFixture[str]) -> None:
    wrong_size = [np.zeros((1, 16, 16, 5), np.float32)]
    with pytest.raises(CompressionError, match='TensorFlow cannot convert the network: '):
        convert(build_model(tiny_network(), 32), ROLES, lambda: iter(wrong_size))


def test_converter_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    convert(build_model(tiny_network(), 32), ROLES, None)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ('', '')
