# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Conversion keeps names and numbers; a format costs no more than its rounding."""

from collections.abc import Iterator

import numpy as np
import pytest
from calibration_pictures import pictures
from small_networks import tiny_network

from compressed_detector.compression.convert import (
    Conversion,
    Converted,
    convert,
    convert_model,
)
from compressed_detector.compression.formats import FLOAT32, FORMATS, STATIC_INT8
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.ranges import Ranges, calibrate
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.errors import CompressionError

# The mean error that is allowed, as a share of the range of an output.
ERRORS = {'fp32': 1e-6, 'wf16': 1e-3, 'wi8': 0.02, 'wi8_ai8': 0.02, 'wi8_ai16': 0.005,
          'wi4_ai8': 0.08}


def infer(converted: Converted, image: np.ndarray) -> dict[str, np.ndarray]:
    interpreter = LiteInterpreter(converted.tflite, 1)
    info = interpreter.input

    def fill(array: np.ndarray) -> None:
        stored = image / info.scale + info.zero_point
        array[...] = np.rint(stored) if info.quantized else stored

    tensors = interpreter.run(fill)
    return {
        output.role: tensors[output.tensor].real(tensors[output.tensor].values)
        for output in converted.outputs
    }


@pytest.fixture(scope='module')
def ranges() -> Ranges:
    return calibrate(tiny_network(), 32, pictures(0, 20))


@pytest.fixture(scope='module')
def converted(ranges: Ranges) -> dict[str, Converted]:
    return {code: convert(tiny_network(), 32, conversion(code, ranges)) for code in FORMATS}


def conversion(code: str, ranges: Ranges) -> Conversion:
    form = FORMATS[code]
    calibration = (lambda: iter(pictures(0, 20))) if form.activations == 'int16' else None
    return Conversion(form, ranges if form.activations == 'int8' else {}, calibration)


@pytest.mark.parametrize(('code', 'stored'), [
    ('fp32', ('float32', 'float32')), ('wf16', ('float32', 'float32')),
    ('wi8', ('float32', 'float32')), ('wi8_ai8', ('int8', 'int8')),
    ('wi8_ai16', ('int16', 'int16')), ('wi4_ai8', ('int8', 'int8')),
])
def test_inputs_and_outputs_are_named_with_what_they_store(
    converted: dict[str, Converted], code: str, stored: tuple[str, str]
) -> None:
    assert converted[code].input_shape == (1, 32, 32, 3)
    assert converted[code].input_dtype == stored[0]
    assert [(o.role, o.shape, o.dtype) for o in converted[code].outputs] == [
        ('fine', (1, 8, 8, 5), stored[1]), ('coarse', (1, 4, 4, 8), stored[1])
    ]


@pytest.mark.parametrize('code', FORMATS)
def test_model_is_off_by_no_more_than_its_format_explains(
    converted: dict[str, Converted], code: str
) -> None:
    image = pictures(2, 1)[0]
    got = infer(converted[code], image)
    for role, expected in build_model(tiny_network(), 32)(image).items():
        expected = np.asarray(expected)
        assert np.abs(got[role] - expected).mean() <= ERRORS[code] * np.ptp(expected)


def test_input_of_an_int8_model_is_the_pixel_less_128(converted: dict[str, Converted]) -> None:
    interpreter = LiteInterpreter(converted['wi8_ai8'].tflite, 1)
    assert (interpreter.input.scale, interpreter.input.zero_point) == (1, -128)


def test_fewer_bits_are_fewer_bytes(converted: dict[str, Converted]) -> None:
    sizes = {code: len(item.tflite) for code, item in converted.items()}
    assert sizes['wi4_ai8'] < sizes['wi8_ai8'] < sizes['wf16'] < sizes['fp32']
    assert sizes['wi8'] < sizes['wf16']


def test_same_ranges_give_the_same_file(converted: dict[str, Converted], ranges: Ranges) -> None:
    again = convert(tiny_network(), 32, Conversion(STATIC_INT8, ranges))
    assert again.tflite == converted['wi8_ai8'].tflite


@pytest.mark.parametrize('code', ['wi8_ai8', 'wi8_ai16', 'wi4_ai8'])
def test_format_with_integer_activations_needs_their_ranges(code: str) -> None:
    with pytest.raises(CompressionError, match=f'format {code}: expected calibrated ranges'):
        Conversion(FORMATS[code])


def test_error_of_the_calibration_is_passed_on() -> None:
    def unreadable() -> Iterator[np.ndarray]:
        yield pictures(0, 1)[0]
        raise CompressionError('--images: cannot read it any more')

    wanted = Conversion(FORMATS['wi8_ai16'], calibration=unreadable)
    with pytest.raises(CompressionError, match='^--images: cannot read it any more$'):
        convert(tiny_network(), 32, wanted)


def test_error_of_the_converter_is_a_compression_error(capfd: pytest.CaptureFixture[str]) -> None:
    wrong_size = [np.zeros((1, 16, 16, 5), np.float32)]
    wanted = Conversion(FORMATS['wi8_ai16'], calibration=lambda: iter(wrong_size))
    with pytest.raises(CompressionError, match='TensorFlow cannot convert the network: '):
        convert(tiny_network(), 32, wanted)


def test_converter_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    convert(tiny_network(), 32, Conversion(FLOAT32))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ('', '')


@pytest.fixture(scope='module')
def keras_model() -> object:
    keras = tensorflow().keras
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3, activation='relu')(image)
    return keras.Model(image, keras.layers.Dense(5)(keras.layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize(('code', 'error', 'stored'), [
    ('fp32', 1e-5, ('float32', 'float32')), ('wi8_ai8', 0.05, ('int8', 'int8'))])
def test_keras_model_is_converted_under_the_name_of_a_role(
    keras_model, code: str, error: float, stored: tuple[str, str]
) -> None:
    images = np.random.default_rng(0).random((20, 1, 16, 16, 3), np.float32)
    form = FORMATS[code]
    calibration = (lambda: iter(images)) if form.needs_pictures else None
    found = convert_model(keras_model, 'answer', Conversion(form, calibration=calibration))
    (output,) = found.outputs
    assert (output.role, output.shape) == ('answer', (1, 5))
    assert (found.input_shape, (found.input_dtype, output.dtype)) == ((1, 16, 16, 3), stored)
    expected = np.asarray(keras_model(images[3]))
    assert np.abs(infer(found, images[3])['answer'] - expected).max() < error * np.ptp(expected)


def test_network_without_ranges_takes_those_that_the_converter_finds(
    converted: dict[str, Converted]
) -> None:
    wanted = Conversion(STATIC_INT8, calibration=lambda: iter(pictures(0, 20)))
    image = pictures(2, 1)[0]
    got, like = infer(convert(tiny_network(), 32, wanted), image), infer(
        converted['wi8_ai8'], image)
    for role, expected in like.items():
        assert np.abs(got[role] - expected).mean() < 0.03 * np.ptp(expected)
