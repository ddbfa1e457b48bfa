# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a network to a .tflite file, in one of the formats."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from compressed_detector.compression.compact import compact
from compressed_detector.compression.fake_quant import rounded_activations, rounded_weights
from compressed_detector.compression.formats import FLOAT32, Format
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import INPUT, Network
from compressed_detector.compression.ranges import Ranges
from compressed_detector.compression.tensorflow_runtime import captured_output, tensorflow
from compressed_detector.compression.training.forward import forward_of
from compressed_detector.detection.manifest import OutputSpec
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

# Yields the inputs that the converter takes the ranges of all activations from.
Calibration = Callable[[], Iterable[Floats]]


@dataclass(frozen=True, eq=False)
class Conversion:
    """
    What a network is converted to.

    int8 activations span ``ranges``: all that range_owners names. Where there are none, as of a
    Keras model, and for int16 activations, the converter takes the ranges itself, from
    ``calibration``. Raises CompressionError when what the format needs is missing.
    """

    format: Format = FLOAT32
    ranges: Ranges = field(default_factory=dict)
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        pictures = self.calibration is not None
        given = {'float32': True, 'int8': bool(self.ranges) or pictures, 'int16': pictures}
        if not given[self.format.activations]:
            raise CompressionError(
                f'format {self.format.code}: expected calibrated ranges for its '
                f'{self.format.activations} activations, got none'
            )


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


def convert(network: Network, input_size: int, conversion: Conversion) -> Converted:
    """
    Convert a network for one image of input_size x input_size pixels.

    With int8 activations the input is int8, the pixel less 128, and the outputs are int8; with
    int16 both are int16; otherwise float32. Raises CompressionError when the converter refuses.
    """
    tf = tensorflow()

    def export(folder: str) -> None:
        model = build_model(network, input_size, after=rounded_activations(conversion.ranges))
        _export(tf, model, _computation(tf, model, network, conversion.format), folder)

    return _converted(tf, export, tuple(network.outputs), conversion)


def convert_model(model: Any, role: str, conversion: Conversion) -> Converted:
    """
    Convert a Keras model of images with one output, which gets a role.

    The file takes one image at a time, or as many as it is resized to, if the model does. Types
    are as ``convert`` has them; weights have 8 bits at least. Raises CompressionError when the
    converter refuses.
    """
    tf = tensorflow()

    def export(folder: str) -> None:
        _export(tf, model, lambda image: {role: model(image)}, folder)

    return _converted(tf, export, (role,), conversion)


def _converted(
    tf: Any, export: Callable[[str], None], roles: Sequence[str], conversion: Conversion
) -> Converted:
    with tempfile.TemporaryDirectory() as folder, captured_output(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of deprecations inside the converter
        try:
            export(folder)
            return _describe(tf, compact(_convert(tf, folder, conversion)), roles)
        except CompressionError:
            raise
        except Exception as error:  # the converter's errors have no base of their own
            raise CompressionError(f'TensorFlow cannot convert the network: {error}') from error


def _export(tf: Any, model: Any, compute: Callable[[Any], Any], folder: str) -> None:
    # A SavedModel keeps the names of inputs and outputs; a Keras model alone does not.
    archive = tf.keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint('serve', compute, input_signature=[
        tf.TensorSpec(model.inputs[0].shape, tf.float32, name=INPUT)])
    archive.write_out(folder, verbose=False)


def _convert(tf: Any, folder: str, conversion: Conversion) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    converter.exclude_conversion_metadata = True
    if conversion.format.weight_bits < FLOAT32.weight_bits:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if conversion.format.weight_bits == 16:
        converter.target_spec.supported_types = [tf.float16]
    if conversion.format.activations == 'int8':
        # Of uint8 the runtime would make int8 itself, in a twentieth of the time of a network.
        converter.inference_input_type = converter.inference_output_type = tf.int8
    if conversion.format.activations == 'int16':
        converter.inference_input_type = converter.inference_output_type = tf.int16
    calibration = conversion.calibration
    if calibration is not None:
        # Without it the graph itself says how it is rounded.
        converter.representative_dataset = lambda: ({INPUT: sample} for sample in calibration())
        converter.target_spec.supported_ops = [{
            'int8': tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
            'int16': tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
        }[conversion.format.activations]]
    tflite: bytes = converter.convert()
    return tflite


def _computation(tf: Any, model: Any, network: Network, form: Format) -> Any:
    if form.activations != 'int8':
        return model.call
    # The converter's own grid for kernels is always of int8.
    disguise, forward = rounded_weights(form.weight_bits), forward_of(model, network)

    def compute(image: Any) -> Any:
        weights = {
            name: disguise(name, tf.constant(array)) for name, array in network.weights.items()
        }
        return forward(weights, image)

    return compute


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
