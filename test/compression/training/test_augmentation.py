# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.compression.training.augmentation import UNCHANGED, View
from compressed_detector.detection.letterbox import Letterbox


def picture(height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(height * 1000 + width)
    noise = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def test_view_that_changes_nothing_is_what_the_node_feeds_the_network() -> None:
    image = picture(60, 80)
    fitted = Letterbox(80, 60, 64, 64, 'letterbox_top_left').apply(image, 114)
    seen = UNCHANGED.apply(image, 64, 114)
    inside = (slice(1, 47), slice(1, 63))  # at its edges a picture blends with the padding
    assert abs(seen[inside].astype(int) - fitted[inside]).max() <= 2
    np.testing.assert_array_equal(seen[49:], 114)


def test_flipped_view_is_the_view_of_the_flipped_picture() -> None:
    image = picture(60, 80)
    flipped = View(flip=True).apply(image, 80, 114)
    np.testing.assert_array_equal(flipped, UNCHANGED.apply(image[:, ::-1], 80, 114))


def test_tint_leaves_the_padding_alone() -> None:
    seen = View(gains=(0.5, 1.0, 1.5), brightness=10).apply(picture(40, 80), 80, 114)
    np.testing.assert_array_equal(seen[42:], 114)
    assert seen[:38, :, 0].mean() < seen[:38, :, 2].mean()


@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.integers(1, 200))
def test_any_view_of_any_picture_fills_the_input(seed: int, height: int, width: int) -> None:
    view = View.random(np.random.default_rng(seed))
    seen = view.apply(picture(height, width), 32, 114)
    assert seen.shape == (32, 32, 3)
    assert seen.dtype == np.uint8


def test_one_view_shows_the_same_part_at_every_size() -> None:
    image = picture(60, 80)
    view = View(flip=True, scale=1.3, shift=(0.2, 0.9))
    small, large = view.apply(image, 48, 114), view.apply(image, 96, 114)
    halved = cv2.resize(large, (48, 48), interpolation=cv2.INTER_AREA)
    assert abs(small[2:-2, 2:-2].astype(int) - halved[2:-2, 2:-2]).mean() < 6
