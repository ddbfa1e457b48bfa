# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A small detector as a user has it: written in Keras, with batch normalization."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from compressed_detector.compression.tensorflow_runtime import tensorflow

SIZE = 64
CLASSES, BINS = 2, 4
DESCRIPTION: Mapping[str, Any] = {
    'name': 'my_detector', 'license': 'MIT', 'outputs': {'stride_8': 'head_8',
                                                         'stride_16': 'head_16'},
    'head_options': {'strides': [8, 16], 'bins': BINS}, 'labels': ['person', 'car'],
    'features': ['joined'],
}


def detector(size: int = SIZE, seed: int = 0) -> Any:
    """Every kind of layer that can be imported, with random weights and statistics."""
    keras = tensorflow().keras
    layers = keras.layers
    image = layers.Input((size, size, 3), name='image')
    x = layers.Rescaling(1 / 127.5, offset=-1, name='scaled')(image)
    x = _block(x, 'stem', 16, stride=2)
    x = layers.MaxPooling2D(3, 2, 'same', name='pooled')(x)
    x = layers.ZeroPadding2D(1, name='padded')(x)
    x = layers.Conv2D(16, 3, strides=2, activation='relu', name='down')(x)
    fine = layers.Dropout(0.1, name='dropped')(x)
    coarse = _block(layers.MaxPooling2D(2, name='halved')(fine), 'deep', 16, size=5)
    up = layers.UpSampling2D(2, interpolation='nearest', name='up')(coarse)
    summed = layers.Add(name='summed')([fine, up, fine])
    joined = layers.Concatenate(name='joined')([summed, fine])
    channels = CLASSES + 4 * BINS
    heads = [layers.Conv2D(channels, 3, padding='same', name='head_8')(joined),
             layers.Conv2D(channels, 1, name='head_16')(coarse)]
    model = keras.Model(image, heads)
    _randomize(model, np.random.default_rng(seed))
    return model


def with_normalized_head() -> Any:
    """The detector with a coarse head whose convolution, ``last``, is normalized after it."""
    model = detector()
    last = _block(model.get_layer('halved').output, 'last', CLASSES + 4 * BINS)
    return tensorflow().keras.Model(model.inputs, [model.get_layer('head_8').output, last])


def _block(x: Any, name: str, channels: int, stride: int = 1, size: int = 3) -> Any:
    layers = tensorflow().keras.layers
    x = layers.Conv2D(channels, size, strides=stride, padding='same', use_bias=False,
                      name=name)(x)
    x = layers.BatchNormalization(name=f'{name}_normalized')(x)
    return layers.LeakyReLU(negative_slope=0.1, name=f'{name}_active')(x)


def _randomize(model: Any, random: np.random.Generator) -> None:
    for variable in model.weights:
        values = random.normal(0, 0.3, variable.shape)
        variable.assign(values ** 2 + 0.5 if 'variance' in variable.path else values)


def save(folder: Path, model: Any = None, **changes: Any) -> tuple[Path, Path]:
    """Return the paths of a model and of its description, written into a folder."""
    path, description = folder / 'mine.keras', folder / 'mine.yaml'
    (model or detector()).save(path)
    values = {key: value for key, value in {**DESCRIPTION, **changes}.items()
              if value is not None}
    description.write_text(yaml.safe_dump(values))
    return path, description
