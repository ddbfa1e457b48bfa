# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Weights that a user brings: found by name or by order, refused where they do not fit, sized."""

import dataclasses
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compressed_detector.classics import experiment as experiments
from compressed_detector.classics.networks import resnet18
from compressed_detector.classics.networks.imagenet import ARCHITECTURES, RESNET18, Architecture
from compressed_detector.classics.networks.wiring import described
from compressed_detector.classics.stored_kernels import kernels_in, matched
from compressed_detector.cli import compress_model, reproduce
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.errors import CompressionError

SHAPES = {**{f'conv{index}': (3, 3, 1 if index == 1 else 2, 2) for index in range(1, 12)},
          'fc': (32, 5)}


def keras_model(shapes: Mapping[str, tuple[int, ...]] = SHAPES, prefix: str = 'block_') -> Any:
    keras = tensorflow().keras
    x = image = keras.Input((4, 4, 1))
    for name, shape in shapes.items():
        if len(shape) == 4:
            x = keras.layers.Conv2D(shape[3], 3, padding='same', name=prefix + name)(x)
        else:
            x = keras.layers.BatchNormalization()(x)
            x = keras.layers.Dense(shape[1], name=prefix + name)(keras.layers.Flatten()(x))
    return keras.Model(image, x)


def random_weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {name: random.standard_normal(array.shape).astype(np.float32)
            for name, array in described(shapes).items()}


@pytest.mark.parametrize('suffix', ['.h5', '.keras', '.weights.h5'])
def test_kernels_of_keras_files_come_in_the_order_of_computation(
    tmp_path: Path, suffix: str
) -> None:
    model = keras_model()
    path = tmp_path / f'model{suffix}'
    (model.save_weights if suffix == '.weights.h5' else model.save)(path)
    with kernels_in(path) as stored:
        pairs = matched(SHAPES, stored, 'file')
        for layer in SHAPES:
            kernel = np.asarray(model.get_layer(f'block_{layer}').kernel)
            np.testing.assert_array_equal(pairs[layer].read(), kernel)


def test_an_optimizer_in_the_file_is_no_weights(tmp_path: Path) -> None:
    model = keras_model()
    model.compile('adam', 'mse')
    model.train_on_batch(np.zeros((1, 4, 4, 1)), np.zeros((1, 5)))
    for suffix in ('.h5', '.keras'):
        model.save(tmp_path / f'model{suffix}')
        with kernels_in(tmp_path / f'model{suffix}') as stored:
            assert [item.shape for item in stored] == list(SHAPES.values())


@pytest.mark.parametrize('kind', ['weight', 'kernel'])
def test_names_tell_more_than_the_order(tmp_path: Path, kind: str) -> None:
    weights = random_weights(SHAPES)
    backwards = {name.replace('weight', kind): weights[name] for name in reversed(weights)}
    np.savez(tmp_path / 'file.npz', **backwards)
    with kernels_in(tmp_path / 'file.npz') as stored:
        pairs = matched(SHAPES, stored, 'file')
        for layer in SHAPES:
            np.testing.assert_array_equal(pairs[layer].read(), weights[f'{layer}_weight'])


def test_half_precision_is_read_as_float32(tmp_path: Path) -> None:
    np.savez(tmp_path / 'file.npz', fc_weight=np.ones((2, 2), np.float16))
    with kernels_in(tmp_path / 'file.npz') as stored:
        assert stored[0].read().dtype == np.float32


def test_another_shape_is_refused_with_both(tmp_path: Path) -> None:
    shapes = {**SHAPES, 'conv7': (2, 2, 3, 3)}
    np.savez(tmp_path / 'file.npz', **random_weights(shapes))
    with kernels_in(tmp_path / 'file.npz') as stored, pytest.raises(
            CompressionError, match=r'conv7: expected a kernel \(3, 3, 2, 2\).*got conv7 \(2, 2'):
        matched(SHAPES, stored, 'file')


def test_a_kernel_too_few_is_refused_with_what_there_is(tmp_path: Path) -> None:
    weights = random_weights(SHAPES)
    del weights['conv3_weight']
    np.savez(tmp_path / 'file.npz', **weights)
    with kernels_in(tmp_path / 'file.npz') as stored, pytest.raises(
            CompressionError, match=r'expected 12 kernels, conv1 .*fc \(32, 5\), got 11: conv1'):
        matched(SHAPES, stored, 'file')


@pytest.mark.parametrize('name', ['file.npz', 'file.h5', 'file.keras'])
@pytest.mark.parametrize('content', [b'', b'no weights', pickle.dumps({'fc_weight': 1})])
def test_what_is_no_file_of_weights_is_refused(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CompressionError, match=f'{name}: expected weights'), \
            kernels_in(tmp_path / name):
        pass


def test_an_unknown_suffix_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(CompressionError, match='expected weights as .npz, .h5'), \
            kernels_in(tmp_path / 'file.pth'):
        pass


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Architecture:
    """ResNet-18 with the small shapes in the place of the published ones."""
    architecture = dataclasses.replace(RESNET18, shapes=resnet18.small_shapes())
    monkeypatch.setitem(ARCHITECTURES, 'resnet18', architecture)
    return architecture


def reproduced(*arguments: object) -> int:
    return compress_model.main(['reproduce', 'larger_networks', *map(str, arguments)])


def test_brought_weights_are_pruned_to_the_densities_coded_and_sized(
    small: Architecture, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / 'mine.npz', **random_weights(small.shapes))
    options = ('--weights', tmp_path / 'mine.npz', '--network', 'resnet18', '--output',
               tmp_path / 'out')
    assert reproduced(*options) == 0
    assert 'Accuracy was not measured' in ' '.join(capsys.readouterr().out.split())
    (found,) = experiments.read(tmp_path / 'out' / reproduce.RESULTS).values()
    here = found['here']
    assert here['density, ResNet-18'] == pytest.approx(0.3, abs=0.001)
    # Codes of 8 bits and gaps of 2 or 3 for 0.3 of the weights, and the codebooks.
    assert 8 < here['ratio_paper_accounting, ResNet-18'] < 32 / 0.3 / 8.5
    assert here['ratio_true_bytes, ResNet-18'] > 7
    assert found['data'] == 'no pictures'
    assert [row[0] for row in found['tables'][0]['rows']] == [*small.shapes, 'total']
    # A second run takes every layer from the folder; other weights are others.
    work = {path: path.stat().st_mtime_ns for path in (tmp_path / 'out/work').rglob('*.json')}
    assert len(work) == len(small.shapes)
    assert reproduced(*options) == 0
    assert work == {path: path.stat().st_mtime_ns
                    for path in (tmp_path / 'out/work').rglob('*.json')}


def test_weights_that_are_not_finite_are_refused(
    small: Architecture, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = random_weights(small.shapes)
    weights['conv1_weight'][0, 0, 0, 0] = np.nan
    np.savez(tmp_path / 'mine.npz', **weights)
    assert reproduced('--weights', tmp_path / 'mine.npz', '--network', 'resnet18',
                      '--output', tmp_path / 'out') != 0
    assert 'conv1: expected finite weights' in capsys.readouterr().err


@pytest.mark.parametrize('options', [
    ('--weights', 'w.npz'), ('--network', 'vgg16'),
    ('--weights', 'missing.npz', '--network', 'vgg16'),
])
def test_weights_need_a_network_and_a_file(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reproduced(*options, '--output', tmp_path) != 0
    assert 'weights' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
