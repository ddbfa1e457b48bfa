# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Make the tiny detectors of the tests: networks whose detections can be calculated by hand.

The input is 64x64; the three classes are the channels of the input. A cell of stride 8, 16 or
32 answers with a logit, per class, of (its mean - half the sum of its eight neighbours) / 16 - 8:
a lone square of one colour that fills the cell scores sigmoid(value / 16 - 8), half filled
surroundings silence it. Where the sides of the box lie is constant per stride (SIDES). All
constants are powers of two times small integers, so float results are exact.

Three files hold the same network: uint8 pixels in and floats out, normalized RGB floats in and
floats out, int8 in and out. Two more are no detectors: lookup.tflite stops with an error when a
pixel is above 3, two_inputs.tflite has two inputs. Run with TensorFlow 2.21:

    python tools/make_tiny_model.py test/data/tiny_gfl
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.detection.manifest import InputSpec, Manifest, OutputSpec

SIZE = 64
CLASSES = ('first_channel', 'second_channel', 'third_channel')
BINS = 4
# The distances, in strides, of the left, top, right and bottom side from the cell's centre.
SIDES = {8: (0.5, 0.5, 0.5, 0.5), 16: (0.5, 1.0, 1.5, 2.0), 32: (0.5, 0.5, 0.5, 0.5)}
# A bin with this logit, beside one of 0, moves a side by less than 1e-6 strides.
UNLIKELY_LOGIT = -16.0
MEAN, STD = (64.0, 32.0, 128.0), (32.0, 64.0, 128.0)


def main() -> None:
    """Write the three models and their manifests into a folder."""
    parser = argparse.ArgumentParser(description='Make the tiny detectors of the tests.')
    parser.add_argument('folder', type=Path, help='where the models go')
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    _write_gfl(folder, 'tiny_gfl', convert(network('uint8')), {})
    _write_gfl(folder, 'tiny_gfl_float', convert(network('normalized')),
               {'color': 'rgb', 'mean': MEAN, 'std': STD})
    _write_gfl(folder, 'tiny_gfl_int8', convert_int8(network('float32')), {})
    (folder / 'lookup.tflite').write_bytes(convert(lookup()))
    (folder / 'two_inputs.tflite').write_bytes(convert(two_inputs()))


def network(kind: str) -> tf.Module:
    """Return the network as a module with one function, taking uint8 or (normalized) floats."""
    dtype = tf.uint8 if kind == 'uint8' else tf.float32
    kernels = {stride: _kernel() for stride in SIDES}
    biases = {stride: _bias(stride) for stride in SIDES}
    module = tf.Module()

    def infer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.cast(image, tf.float32)
        if kind == 'normalized':
            pixels = pixels * tf.constant(STD) + tf.constant(MEAN)
        return {
            f'stride_{stride}': tf.nn.conv2d(
                tf.nn.avg_pool2d(pixels, stride, stride, 'VALID'), kernels[stride], 1, 'SAME'
            ) + biases[stride]
            for stride in SIDES
        }

    signature = [tf.TensorSpec((1, SIZE, SIZE, 3), dtype, name='image')]
    module.infer = tf.function(infer, input_signature=signature)
    return module


def lookup() -> tf.Module:
    """Return a network that reads a table of 4 entries at its input, whatever that is."""
    module = tf.Module()

    def infer(image: tf.Tensor) -> dict[str, tf.Tensor]:
        table = tf.constant([10.0, 11.0, 12.0, 13.0])
        return {'entries': tf.gather(table, tf.cast(image, tf.int32))}

    signature = [tf.TensorSpec((1, 2, 2, 3), tf.uint8, name='image')]
    module.infer = tf.function(infer, input_signature=signature)
    return module


def two_inputs() -> tf.Module:
    """Return a network that adds its two inputs."""
    module = tf.Module()

    def infer(first: tf.Tensor, second: tf.Tensor) -> dict[str, tf.Tensor]:
        return {'sum': first + second}

    signature = [tf.TensorSpec((1, 2, 2, 3), name=name) for name in 'ab']
    module.infer = tf.function(infer, input_signature=signature)
    return module


def convert(module: tf.Module, custom_operators: bool = False) -> bytes:
    """Return the network as a flatbuffer with floats inside."""
    converter = _converter(module)
    converter.allow_custom_ops = custom_operators
    model: bytes = converter.convert()
    return model


def convert_int8(module: tf.Module, pixel: float = 1) -> bytes:
    """Return the network as a flatbuffer of int8 operators, calibrated on squares x pixel."""
    converter = _converter(module)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _squares(pixel)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    model: bytes = converter.convert()
    return model


def _converter(module: tf.Module) -> Any:
    return tf.lite.TFLiteConverter.from_concrete_functions(
        [module.infer.get_concrete_function()], module
    )


def _kernel() -> npt.NDArray[np.float32]:
    """Return the kernel (3, 3, 3, classes + 4 x bins): class logits see, sides do not."""
    channels = len(CLASSES)
    kernel = np.zeros((3, 3, channels, channels + 4 * BINS), np.float32)
    for channel in range(channels):
        kernel[:, :, channel, channel] = -1 / 32
        kernel[1, 1, channel, channel] = 1 / 16
    return kernel


def _bias(stride: int) -> npt.NDArray[np.float32]:
    sides = np.full((4, BINS), UNLIKELY_LOGIT, np.float32)
    for side, distance in enumerate(SIDES[stride]):
        sides[side, [int(np.floor(distance)), int(np.ceil(distance))]] = 0
    return np.concatenate([np.full(len(CLASSES), -8, np.float32), sides.ravel()])


def _squares(pixel: float) -> Iterator[list[npt.NDArray[np.float32]]]:
    for stride in SIDES:
        for channel in range(3):
            image = np.zeros((1, SIZE, SIZE, 3), np.float32)
            image[0, stride:2 * stride, :stride, channel] = 255 * pixel
            yield [image]


def write(
    folder: Path, name: str, model: bytes, preprocessing: dict[str, Any], head: str,
    roles: Sequence[str], **head_options: Any,
) -> None:
    """Write a model and its manifest; the roles are those of its outputs in their order."""
    interpreter = LiteInterpreter(model, num_threads=1)
    info = interpreter.input
    manifest = Manifest(
        name=name,
        file=f'{name}.tflite',
        sha256=hashlib.sha256(model).hexdigest(),
        input=InputSpec(info.shape, str(info.dtype), **preprocessing),
        outputs=tuple(
            OutputSpec(role, output.name, output.shape, str(output.dtype))
            for role, output in zip(roles, interpreter.outputs)
        ),
        head=head,
        labels=CLASSES,
        head_options=head_options,
        lineage={'made_by': 'tools/' + Path(sys.argv[0]).name, 'tensorflow': tf.__version__},
    )
    (folder / manifest.file).write_bytes(model)
    (folder / f'{name}.json').write_text(manifest.to_json(), encoding='utf-8')
    print(f'{folder / manifest.file}: {len(model)} bytes')


def _write_gfl(folder: Path, name: str, model: bytes, preprocessing: dict[str, Any]) -> None:
    outputs = LiteInterpreter(model, num_threads=1).outputs
    roles = [f'stride_{SIZE // output.shape[1]}' for output in outputs]
    write(folder, name, model, preprocessing, 'gfl', roles, strides=sorted(SIDES), bins=BINS)


if __name__ == '__main__':
    main()
