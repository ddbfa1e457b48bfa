# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_networks import TINY_LEARNER

from compressed_detector.compression.training.batches import (
    Batches,
    read_ahead,
    shrunk,
)
from compressed_detector.errors import CompressionError


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(0)
    paths = [tmp_path / f'{number}.png' for number in range(7)]
    for path in paths:
        cv2.imwrite(str(path), random.integers(0, 256, (20, 30, 3)).astype(np.uint8))
    return paths


def batches(paths: list[Path], **changes: int) -> Batches:
    return Batches(paths, changes.get('batch_size', 2), (16, 32), TINY_LEARNER,
                   changes.get('seed', 0))


def test_epoch_has_whole_batches_of_every_size(paths: list[Path]) -> None:
    epoch = list(batches(paths).epoch(0))
    assert len(epoch) == len(batches(paths)) == 3
    for batch in epoch:
        small, large = batch.images
        assert small.shape == (2, 16, 16, 3)
        assert large.shape == (2, 32, 32, 3)
        assert small.dtype == large.dtype == np.float32


def test_an_epoch_can_be_taken_up_in_its_middle(paths: list[Path]) -> None:
    whole, rest = list(batches(paths).epoch(3)), list(batches(paths).epoch(3, start=1))
    assert len(rest) == 2
    for expected, got in zip(whole[1:], rest):
        np.testing.assert_array_equal(expected.images[0], got.images[0])


def test_epochs_and_seeds_differ(paths: list[Path]) -> None:
    first, others = (next(iter(batches(paths).epoch(0))).images[0], [
        next(iter(batches(paths).epoch(1))), next(iter(batches(paths, seed=1).epoch(0)))])
    for other in others:
        assert (first != other.images[0]).any()


def test_picture_that_vanished_is_an_error_of_whoever_waits_for_it(paths: list[Path]) -> None:
    for path in paths:
        path.unlink()
    with pytest.raises(CompressionError, match='cannot read'):
        list(batches(paths).epoch(0))


def test_reading_ahead_stops_when_nobody_wants_more() -> None:
    taken: list[int] = []

    def numbers():
        for number in range(10**9):
            taken.append(number)
            yield number

    items = read_ahead(numbers())
    assert [next(items), next(items)] == [0, 1]
    items.close()
    assert len(taken) < 20


def test_large_picture_is_shrunk() -> None:
    picture = np.zeros((100, 400, 3), np.uint8)
    assert shrunk(picture, 40).shape == (10, 40, 3)
    assert shrunk(picture, 400) is picture
