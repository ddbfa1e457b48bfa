# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Batches of pictures for training, in an order that can be taken up again anywhere."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import cv2
import numpy as np

from compressed_detector.compression.architectures import Architecture
from compressed_detector.compression.calibration import network_input
from compressed_detector.compression.pictures import read_image
from compressed_detector.compression.training.assignment import LevelTargets
from compressed_detector.compression.training.augmentation import View
from compressed_detector.compression.training.targets import Targets
from compressed_detector.detection.types import Floats, Image

Item = TypeVar('Item')
# Batches that wait for the network: enough to hide a slow picture.
AHEAD = 4


class Batch(NamedTuple):
    """
    Some pictures, and what is labelled on them.

    ``images`` has an array (batch, size, size, 3) for each of several input sizes, float32, 0 to
    255, in the network's channel order; ``targets`` the levels of the first of them, none where
    no picture at all is labelled.
    """

    images: tuple[Floats, ...]
    targets: tuple[LevelTargets, ...] = ()


@dataclass(frozen=True)
class Batches:
    """
    The pictures of training, each once per epoch, in views that the seed decides.

    They are the same views for all of ``sizes``; ``targets`` are for the first of them.
    """

    paths: Sequence[Path]
    batch_size: int
    sizes: tuple[int, ...]
    architecture: Architecture
    seed: int
    targets: Targets | None = None

    @property
    def examples(self) -> int:
        """The number of pictures."""
        return len(self.paths)

    def __len__(self) -> int:
        """Return the number of batches of an epoch; what fills none is left out of it."""
        return len(self.paths) // self.batch_size

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from the given one on, read ahead by a thread."""
        return read_ahead(self._batch(number, index) for index in range(start, len(self)))

    def _batch(self, epoch: int, index: int) -> Batch:
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.paths))
        chosen = order[index * self.batch_size:(index + 1) * self.batch_size]
        samples = [self._sample(epoch, number) for number in chosen]
        images = zip(*(sample.images for sample in samples))
        levels = zip(*(sample.targets for sample in samples))
        return Batch(
            tuple(np.stack(views) for views in images),
            tuple(LevelTargets(*map(np.stack, zip(*level))) for level in levels),
        )

    def _sample(self, epoch: int, number: int) -> Batch:
        """Return one picture, without the axis of the batch."""
        view = View.random(np.random.default_rng((self.seed, epoch, number)))
        path = self.paths[number]
        picture = read_image(path)
        image = shrunk(picture, 2 * max(self.sizes))
        images = tuple(
            network_input(view.apply(image, size, self.architecture.pad_value), self.architecture)
            for size in self.sizes
        )
        if self.targets is None:
            return Batch(images)
        return Batch(images, self.targets.of(path, view, picture.shape[:2], image.shape[:2]))


def shrunk(image: Image, longest_side: int) -> Image:
    """Return a picture (H, W, 3) with sides of at most so many pixels."""
    scale = longest_side / max(image.shape[:2])
    if scale >= 1:
        return image
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    small: Image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small


def read_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items, which a thread prepares a few ahead; its errors are raised here."""
    ready: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(AHEAD)
    unwanted = threading.Event()

    def put(item: Item | None, error: BaseException | None = None) -> None:
        while not unwanted.is_set():
            try:
                return ready.put((item, error), timeout=0.1)
            except queue.Full:
                continue

    def prepare() -> None:
        try:
            for item in items:
                put(item)
                if unwanted.is_set():
                    return
            put(None)
        except BaseException as error:  # whatever it is, it belongs to whoever waits
            put(None, error)

    thread = threading.Thread(target=prepare, daemon=True)
    thread.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item
    finally:
        unwanted.set()
        thread.join()
