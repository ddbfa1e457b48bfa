# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a Keras model to a .tflite file, in float or in int8."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compressed_detector.compression.network import INPUT
from compressed_detector.compression.tensorflow_runtime import captured_output, tensorflow
from compressed_detector.detection.manifest import OutputSpec
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

# Yields the inputs that the ranges of all activations are taken from.
Calibration = Callable[[], Iterable[Floats]]


@dataclass(frozen=True)
class Converted:
    """
    A .tflite file and what its tensors are.

    ``outputs`` name the tensor of each role; the roles are the names of the model's outputs,
    which the file's signature keeps, so that nothing is guessed from sizes or order.
    """

    tflite: bytes
    input_shape: tuple[int, int, int, int]
    input_dtype: str
    outputs: tuple[OutputSpec, ...]


def convert(model: Any, roles: Sequence[str], calibration: Calibration | None) -> Converted:
    """
    Convert a Keras model with one input and outputs of the given names.

    With calibration: weights int8 per channel, activations int8 (post-training, static), the
    input uint8 (the pixel itself), the outputs int8. Without: everything float32. Raises
    CompressionError when the converter refuses.
    """
    tf = tensorflow()
    with tempfile.TemporaryDirectory() as folder, captured_output(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of deprecations inside the converter
        try:
            _export(tf, model, folder)
            tflite = _convert(tf, folder, calibration)
            converted = _describe(tf, tflite, roles)
            if calibration is not None:
                _check_input(tf, tflite)
        except CompressionError:
            raise
        except Exception as error:  # the converter's errors have no base of their own
            raise CompressionError(f'TensorFlow cannot convert the network: {error}') from error
    return converted


def _export(tf: Any, model: Any, folder: str) -> None:
    # A SavedModel keeps the names of inputs and outputs; a Keras model alone does not.
    archive = tf.keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        'serve', model.call,
        input_signature=[tf.TensorSpec(model.inputs[0].shape, tf.float32, name=INPUT)],
    )
    archive.write_out(folder, verbose=False)


def _convert(tf: Any, folder: str, calibration: Calibration | None) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ({INPUT: sample} for sample in calibration())
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.int8
    tflite: bytes = converter.convert()
    return tflite


def _describe(tf: Any, tflite: bytes, roles: Sequence[str]) -> Converted:
    runner = tf.lite.Interpreter(model_content=tflite).get_signature_runner()
    (model_input,) = runner.get_input_details().values()
    details = runner.get_output_details()
    outputs = tuple(
        OutputSpec(role, details[role]['name'], tuple(map(int, details[role]['shape'])),
                   np.dtype(details[role]['dtype']).name)
        for role in roles
    )
    _, height, width, channels = map(int, model_input['shape'])
    return Converted(
        tflite, (1, height, width, channels), np.dtype(model_input['dtype']).name, outputs
    )


def _check_input(tf: Any, tflite: bytes) -> None:
    """Raise CompressionError unless the quantized input is the pixel: scale 1, zero point 0."""
    (details,) = tf.lite.Interpreter(model_content=tflite).get_input_details()
    scale, zero_point = details['quantization']
    if abs(scale - 1) > 1e-6 or zero_point != 0:
        raise CompressionError(
            f'expected an input with scale 1 and zero point 0, got {scale} and {zero_point}; '
            'calibrate on pictures that span 0 to 255'
        )
