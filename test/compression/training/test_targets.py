# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Targets are for what a view shows of the labelled objects."""

from pathlib import Path

import cv2
import numpy as np
from small_networks import TINY_LEARNER

from compressed_detector.compression.labels import PictureLabels
from compressed_detector.compression.training.assignment import (
    BACKGROUND,
    IGNORED,
    Grids,
    LevelTargets,
)
from compressed_detector.compression.training.augmentation import UNCHANGED, View
from compressed_detector.compression.training.batches import Batches
from compressed_detector.compression.training.targets import Targets

PATH = Path('picture.png')
GRIDS = Grids(64, (8,))
NONE = np.zeros((0, 4), np.float32)


def labels(box: tuple[float, ...], crowd: bool = False) -> dict[Path, PictureLabels]:
    boxes = np.array([box], np.float32)
    if crowd:
        return {PATH: PictureLabels(NONE, np.zeros(0, np.int32), boxes)}
    return {PATH: PictureLabels(boxes, np.array([1], np.int32), NONE)}


def targets_of(
    box: tuple[float, ...], view: View = UNCHANGED, shrunk: tuple[int, int] = (64, 64),
    crowd: bool = False,
) -> LevelTargets:
    """Targets of a picture of 128 x 128 pixels with one object, at one stride of 8."""
    (level,) = Targets(labels(box, crowd), GRIDS).of(PATH, view, (128, 128), shrunk)
    return level


def box_of(level: LevelTargets) -> np.ndarray:
    """The box that the first cell learns that learns one, pixels of the view."""
    row, column = np.argwhere(level.class_ids >= 0)[0]
    left, top, right, bottom = level.distances[row, column] * 8
    x, y = column * 8 + 4, row * 8 + 4
    return np.array([x - left, y - top, x + right, y + bottom])


def test_boxes_are_those_of_the_view() -> None:
    np.testing.assert_allclose(box_of(targets_of((20, 40, 80, 100))), [10, 20, 40, 50], atol=1e-3)
    flipped = targets_of((20, 40, 80, 100), View(flip=True))
    np.testing.assert_allclose(box_of(flipped), [24, 20, 54, 50], atol=1e-3)


def test_what_the_picture_was_shrunk_to_changes_nothing() -> None:
    whole = targets_of((20, 40, 80, 100), shrunk=(128, 128))
    np.testing.assert_allclose(box_of(whole), [10, 20, 40, 50], atol=1e-3)


def test_objects_are_cut_at_the_border() -> None:
    view = View(scale=2.0)  # the upper left quarter
    np.testing.assert_allclose(
        box_of(targets_of((20, 20, 80, 60), view)), [20, 20, 64, 60], atol=1e-3)


def test_object_that_is_cut_nearly_away_is_neither_taught_nor_denied() -> None:
    view = View(scale=2.0)
    level = targets_of((56, 20, 96, 60), view)
    assert np.argwhere(level.class_ids == IGNORED).tolist() == [
        [row, 7] for row in range(2, 8)]
    assert np.all(level.class_ids[:, :7] == BACKGROUND)
    gone = targets_of((80, 20, 110, 60), view)
    assert np.all(gone.class_ids == BACKGROUND)


def test_crowds_are_ignored() -> None:
    level = targets_of((32, 32, 64, 64), crowd=True)
    assert np.all(level.class_ids[2:4, 2:4] == IGNORED)
    assert np.count_nonzero(level.class_ids == BACKGROUND) == 60


def test_picture_without_labels_has_no_targets() -> None:
    (level,) = Targets({}, GRIDS).of(PATH, UNCHANGED, (128, 128), (64, 64))
    assert np.all(level.class_ids == IGNORED)


def test_batches_show_objects_where_their_targets_are(tmp_path: Path) -> None:
    random, found = np.random.default_rng(0), {}
    for number in range(12):
        picture = np.zeros((300, 400, 3), np.uint8)
        left, top = random.integers(60, 200), random.integers(40, 120)
        box = (left, top, left + random.integers(80, 140), top + random.integers(80, 140))
        cv2.rectangle(picture, box[:2], (box[2] - 1, box[3] - 1), (255, 255, 255), cv2.FILLED)
        path = tmp_path / f'{number}.png'
        cv2.imwrite(str(path), picture)
        found[path] = labels(box)[PATH]
    batches = Batches(list(found), 4, (64,), TINY_LEARNER, 0, Targets(found, GRIDS))
    seen = 0
    for batch in batches.epoch(0):
        (level,) = batch.targets
        assert level.class_ids.shape == (4, 8, 8)
        for image, *target in zip(batch.images[0], *level):
            shown = image.mean(axis=2) > 128  # padding is 114
            if np.any(target[0] >= 0):
                rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
                np.testing.assert_allclose(
                    box_of(LevelTargets(*target)),
                    [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], atol=1.5)
                seen += 1
    assert seen > 6
