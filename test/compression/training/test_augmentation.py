# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses

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


def any_views() -> st.SearchStrategy[View]:
    return st.integers(0, 2**32 - 1).map(lambda seed: View.random(np.random.default_rng(seed)))


@given(any_views(), st.tuples(st.integers(40, 160), st.integers(40, 160)), st.data())
def test_box_is_where_the_view_shows_what_is_in_it(
    view: View, shape: tuple[int, int], data: st.DataObject
) -> None:
    height, width = shape
    left, top = data.draw(st.integers(0, width - 20)), data.draw(st.integers(0, height - 20))
    right = data.draw(st.integers(left + 15, width))
    bottom = data.draw(st.integers(top + 15, height))
    image = np.zeros((height, width, 3), np.uint8)
    image[top:bottom, left:right] = 255
    plain = dataclasses.replace(view, gains=(1.0, 1.0, 1.0), brightness=0.0)
    seen = plain.apply(image, 96, 0)[..., 0] > 127
    box = view.boxes(np.array([[left, top, right, bottom]], np.float32), shape, 96)[0]
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    cut = box.clip(0, 96)
    if min(cut[2:] - cut[:2]) < 2:
        return  # hardly anything of it is seen
    found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    np.testing.assert_allclose(found, cut, atol=1.0)


@given(any_views(), st.tuples(st.integers(30, 50), st.integers(30, 50)), st.data())
def test_box_is_centred_on_what_is_in_it_to_a_fraction_of_a_pixel(
    view: View, shape: tuple[int, int], data: st.DataObject
) -> None:
    left, top = data.draw(st.integers(0, shape[1] - 6)), data.draw(st.integers(0, shape[0] - 6))
    image = np.zeros((*shape, 3), np.uint8)
    image[top:top + 6, left:left + 6] = 255
    plain = dataclasses.replace(view, gains=(1.0, 1.0, 1.0), brightness=0.0)
    seen = plain.apply(image, 96, 0)[..., 0].astype(float)
    box = view.boxes(np.array([[left, top, left + 6, top + 6]], np.float32), shape, 96)[0]
    if box.min() < 2 or box.max() > 94:
        return  # it may be cut
    rows, columns = np.mgrid[:96, :96] + 0.5
    centre = [(seen * columns).sum() / seen.sum(), (seen * rows).sum() / seen.sum()]
    np.testing.assert_allclose(centre, (box[:2] + box[2:]) / 2, atol=0.1)
