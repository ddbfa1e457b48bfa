# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage decides about the conversion, and rounds weights only where it is asked to."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from calibration_pictures import write_pictures
from small_networks import TINY_LEARNER, tiny_learner

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.convert import Conversion, Converted, convert
from compressed_detector.compression.fake_quant import round_kernel
from compressed_detector.compression.formats import STATIC_INT8
from compressed_detector.compression.forms import Form
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import silent
from compressed_detector.compression.quantize import QUANTIZED, Quantize
from compressed_detector.compression.ranges import calibrate
from compressed_detector.config import DetectionSettings
from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.detection.manifest import InputSpec, Manifest
from compressed_detector.detection.types import Detections
from compressed_detector.errors import CompressionError

NETWORK = tiny_learner()
FEW = {'calibration_images': 4, 'positions': 64}


@pytest.fixture(scope='module')
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp('pictures'), 4)


def workplace(images: Path | None) -> Workplace:
    return Workplace(TINY_LEARNER, 32, images, silent, NETWORK)


def detector(converted: Converted) -> Detector:
    manifest = Manifest(
        name='tiny', file='tiny.tflite', sha256='', labels=TINY_LEARNER.labels,
        input=InputSpec(converted.input_shape, converted.input_dtype), outputs=converted.outputs,
        head='gfl', head_options=dict(TINY_LEARNER.head_options),
    )
    return Detector(Bundle(manifest, converted.tflite), LiteInterpreter(converted.tflite, 1))


def best(opened: Detector) -> Detections:
    image = cv2.resize(np.random.RandomState(1).randint(0, 256, (8, 8, 3)).astype(np.uint8),
                       (32, 32))
    return opened.detect(image, DetectionSettings(score_threshold=0.05, max_detections=1))


def on_grid(network: Network, bits: int) -> bool:
    return all(
        np.allclose(round_kernel(network.weights[conv.weight_name], bits),
                    network.weights[conv.weight_name], atol=1e-6)
        for conv in network.convolutions
    )


@pytest.mark.parametrize('code', QUANTIZED)
def test_detector_runs_what_the_stage_has_converted(code: str, pictures: Path) -> None:
    build = Quantize(format=code, **FEW).apply(Build(NETWORK), workplace(pictures))
    assert build.conversion.format.code == code
    found, expected = (best(detector(convert(NETWORK, 32, conversion)))
                       for conversion in (build.conversion, Conversion()))
    tolerance = 0.3 if code == 'wi4_ai8' else 0.03
    np.testing.assert_allclose(found.scores, expected.scores, atol=tolerance)
    if code != 'wi4_ai8':
        np.testing.assert_allclose(found.boxes_xyxy, expected.boxes_xyxy, atol=1)


def test_formats_with_float_activations_need_no_pictures() -> None:
    for code in ('wi8', 'wf16'):
        Quantize(format=code).apply(Build(NETWORK), workplace(None))
    for code in ('wi8_ai8', 'wi8_ai16', 'wi4_ai8'):
        with pytest.raises(CompressionError, match='quantize needs pictures .*--images DIR'):
            Quantize(format=code).apply(Build(NETWORK), workplace(None))


def test_weights_are_left_to_the_converter_by_default(pictures: Path) -> None:
    build = Quantize(**FEW).apply(Build(NETWORK), workplace(pictures))
    assert build.network is NETWORK


@pytest.mark.parametrize('options', [
    {'rounding': 'least_error'}, {'bias_correction': True},
    {'rounding': 'least_error', 'bias_correction': True},
])
def test_rounded_weights_are_on_the_grid_of_the_format(
    options: dict[str, object], pictures: Path
) -> None:
    stage = Quantize(format='wi4_ai8', **options, **FEW)
    build = stage.apply(Build(NETWORK), workplace(pictures))
    assert on_grid(build.network, 4)
    assert not on_grid(NETWORK, 4)
    for name in ('a_bias', 'b_bias', 'c_bias'):
        assert abs(build.network.weights[name] - NETWORK.weights[name]).max() > 0


def test_ranges_that_were_trained_for_are_kept(pictures: Path) -> None:
    found = calibrate(NETWORK, 32, [np.full((1, 32, 32, 3), 99, np.float32)])
    before = Build(NETWORK, conversion=Conversion(STATIC_INT8, found))
    build = Quantize(**FEW).apply(before, workplace(pictures))
    assert build.conversion.ranges is found


def test_rounding_to_floats_is_refused(pictures: Path) -> None:
    with pytest.raises(CompressionError, match='format of integer weights .* got wf16'):
        Quantize(format='wf16', bias_correction=True).apply(Build(NETWORK), workplace(pictures))


def test_rounding_that_moves_weights_refuses_tied_ones(pictures: Path) -> None:
    mask = np.ones(NETWORK.weights['a_weight'].shape, bool)
    build = Build(NETWORK, forms={'a_weight': Form(mask)})
    with pytest.raises(CompressionError, match='stage quantize .*a_weight'):
        Quantize(rounding='least_error', **FEW).apply(build, workplace(pictures))


def test_note_says_what_was_done(pictures: Path) -> None:
    build = Quantize(**FEW).apply(Build(NETWORK), workplace(pictures))
    assert build.notes == ({'quantize': {
        'calibration_images': 4, 'positions': 64, 'seed': 0, 'format': 'wi8_ai8',
        'rounding': 'nearest', 'bias_correction': False,
    }},)
