# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Make the tiny detectors of the tests for the heads yolov8, yolox and ssd.

They see what tiny_gfl sees (make_tiny_model.py): a lone square of one colour that fills a cell
of stride 8, 16 or 32 gives the probability p = sigmoid(value / 16 - 8) for that channel's class.
What they make of it is in the form of the exports that the heads are for:

- tiny_yolov8: RGB floats 0..1 with the channels first, as Ultralytics exports to LiteRT; the box
  is the cell, the score p. tiny_yolov8_int8: int8 in and out, channels last, as it did to TFLite.
- tiny_yolox: BGR pixels; objectness and class probability are both p, so the score is p squared;
  the box is as high as the cell and twice as wide.
- tiny_ssd: RGB pixels, ends with TFLite_Detection_PostProcess; the box is as wide as the cell
  and twice as high, the score p.

Run with TensorFlow 2.21:

    python tools/make_tiny_heads.py test/data/tiny_heads
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from make_tiny_model import CLASSES, SIDES, SIZE, convert, convert_int8, network, write

from compressed_detector.detection.interpreter import LiteInterpreter

STRIDES = tuple(SIDES)
ULTRALYTICS = {'color': 'rgb', 'pad_value': 114, 'std': (255.0, 255.0, 255.0)}
MEGVII = {'color': 'bgr', 'pad_value': 114, 'resize': 'letterbox_top_left'}
POSTPROCESS = {
    'max_detections': 'i: 10', 'max_classes_per_detection': 'i: 1', 'use_regular_nms': 'b: false',
    'nms_score_threshold': 'f: 0.05', 'nms_iou_threshold': 'f: 0.6', 'y_scale': 'f: 10.0',
    'x_scale': 'f: 10.0', 'h_scale': 'f: 5.0', 'w_scale': 'f: 5.0',
    'num_classes': f'i: {len(CLASSES)}',
}


def main() -> None:
    """Write the models and their manifests into a folder."""
    parser = argparse.ArgumentParser(description='Make the tiny detectors for further heads.')
    parser.add_argument('folder', type=Path, help='where the models go')
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    last, first = (1, SIZE, SIZE, 3), (1, 3, SIZE, SIZE)
    write(folder, 'tiny_yolov8', convert(module(yolov8_from_planes, first)), ULTRALYTICS,
          'yolov8', ['predictions'])
    write(folder, 'tiny_yolov8_int8', convert_int8(module(yolov8, last), 1 / 255), ULTRALYTICS,
          'yolov8', ['predictions'])
    write(folder, 'tiny_yolox', convert(module(yolox, last, tf.uint8)), MEGVII, 'yolox',
          ['predictions'])
    model = convert(module(ssd, last, tf.uint8), custom_operators=True)
    write(folder, 'tiny_ssd', model, {'color': 'rgb', 'resize': 'stretch'}, 'ssd',
          postprocess_roles(model))


def module(
    infer: Callable[[tf.Tensor], Any], shape: tuple[int, ...], dtype: Any = tf.float32
) -> tf.Module:
    """Return a module with one function of an image."""
    made = tf.Module()
    made.infer = tf.function(infer, input_signature=[tf.TensorSpec(shape, dtype, name='image')])
    return made


def probabilities(pixels: tf.Tensor) -> tf.Tensor:
    """Return class probabilities (1, cells of all strides, classes) of pixels 0..255."""
    maps = network('float32').infer(pixels)
    rows = [
        tf.reshape(maps[f'stride_{stride}'], (1, -1, maps[f'stride_{stride}'].shape[-1]))
        for stride in STRIDES
    ]
    return tf.sigmoid(tf.concat(rows, axis=1)[..., :len(CLASSES)])


def centres_and_sides() -> npt.NDArray[np.float32]:
    """Return centre x, y, width and height (cells, 4) of all cells, as shares of the input."""
    boxes = []
    for stride in STRIDES:
        row, column = np.mgrid[:SIZE // stride, :SIZE // stride]
        centres = (np.stack([column, row], axis=-1).reshape(-1, 2) + 0.5) * stride
        boxes.append(np.concatenate([centres, np.full_like(centres, stride)], axis=1))
    return (np.concatenate(boxes) / SIZE).astype(np.float32)


def yolov8(image: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return (1, 4 + classes, cells): boxes as shares of the input, then probabilities."""
    rows = tf.concat([centres_and_sides()[None], probabilities(image * 255)], axis=2)
    return {'output_0': tf.transpose(rows, (0, 2, 1))}


def yolov8_from_planes(image: tf.Tensor) -> dict[str, tf.Tensor]:
    """Do the same for an image with its channels first."""
    return yolov8(tf.transpose(image, (0, 2, 3, 1)))


def yolox(image: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return (1, cells, 5 + classes): boxes relative to their cells, objectness, classes."""
    classes = probabilities(tf.cast(image, tf.float32))
    box = tf.constant([0.5, 0.5, math.log(2), 0.0])
    boxes = tf.broadcast_to(box, (1, classes.shape[1], 4))
    objectness = tf.reduce_max(classes, axis=2, keepdims=True)
    return {'output': tf.concat([boxes, objectness, classes], axis=2)}


def ssd(image: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return boxes, classes, scores and count of the operator."""
    classes = probabilities(tf.cast(image, tf.float32))
    background = tf.zeros((1, classes.shape[1], 1))
    x, y, width, height = np.split(centres_and_sides(), 4, axis=1)
    anchors = tf.constant(np.concatenate([y, x, 2 * height, width], axis=1))
    offsets = tf.zeros((1, classes.shape[1], 4))
    return postprocess()(offsets, tf.concat([background, classes], axis=2), anchors)


def postprocess() -> Any:
    """Return the function that the converter replaces by TFLite_Detection_PostProcess."""
    attributes = ' '.join(
        f'attr {{ key: "{key}" value {{ {value} }} }}' for key, value in POSTPROCESS.items()
    )

    @tf.function(experimental_implements=f'name: "TFLite_Detection_PostProcess" {attributes}')
    def detect(
        offsets: tf.Tensor, classes: tf.Tensor, anchors: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        return tuple(tf.constant(0.0, name=name) for name in ('boxes', 'classes', 'scores', 'n'))

    return detect


def postprocess_roles(model: bytes) -> list[str]:
    """Return the roles of the outputs, which the converter sorts in its own way."""
    interpreter = LiteInterpreter(model, num_threads=1)
    written = [info.name for info in interpreter.operators()[-1].outputs]
    roles = dict(zip(written, ('boxes', 'classes', 'scores', 'count')))
    return [roles[info.name] for info in interpreter.outputs]


if __name__ == '__main__':
    main()
