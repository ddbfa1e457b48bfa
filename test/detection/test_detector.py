# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Pixels in, boxes out, through a real network whose answers are calculated by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_detector import BLUE, GREEN, RED, black, detect, load, paint, score_of

from compressed_detector.config import DetectionSettings
from compressed_detector.detection import detector as detector_module
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.types import Detections
from compressed_detector.errors import ModelError


def assert_found(
    found: Detections, expected: list[tuple[tuple[float, ...], int, float]]
) -> None:
    assert found.class_ids.tolist() == [class_id for _, class_id, _ in expected]
    assert found.scores.tolist() == pytest.approx([score for *_, score in expected], abs=1e-6)
    boxes = np.array([box for box, _, _ in expected]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, atol=1e-3)


@pytest.mark.parametrize(
    ('square', 'channel', 'box'),
    [
        pytest.param((24, 16, 32, 24), RED, (24, 16, 32, 24), id='stride 8'),
        pytest.param((56, 56, 64, 64), GREEN, (56, 56, 64, 64), id='stride 8, last cell'),
        pytest.param((16, 16, 32, 32), BLUE, (16, 8, 48, 56), id='stride 16'),
        pytest.param((32, 32, 64, 64), GREEN, (32, 32, 64, 64), id='stride 32'),
        # The centre (56, 8) gives (48, -8, 80, 40).
        pytest.param((48, 0, 64, 16), RED, (48, 0, 64, 40), id='stride 16, clipped to the image'),
    ],
)
def test_square_is_found_where_it_is(
    tiny: Detector, square: tuple[int, int, int, int], channel: int, box: tuple[int, ...]
) -> None:
    assert_found(detect(tiny, paint(black(), square, channel)), [(box, channel, score_of(255))])


def test_squares_are_found_best_first(tiny: Detector) -> None:
    image = paint(black(), (8, 8, 16, 16), BLUE, 200)
    paint(image, (32, 8, 40, 16), RED, 240)
    paint(image, (8, 40, 16, 48), GREEN, 220)
    assert_found(detect(tiny, image), [
        ((32, 8, 40, 16), RED, score_of(240)),
        ((8, 40, 16, 48), GREEN, score_of(220)),
        ((8, 8, 16, 16), BLUE, score_of(200)),
    ])


@pytest.mark.parametrize(
    ('size', 'square'),
    [
        # Two source pixels per target pixel, 16 pixels of padding above: cell (3, 3).
        pytest.param((128, 64), (48, 16, 64, 32), id='wide'),
        # 16 pixels of padding at the left: cell (3, 3) again.
        pytest.param((64, 128), (16, 48, 32, 64), id='tall'),
        # Ten source pixels per target pixel, 8 pixels of padding above: cell (5, 2).
        pytest.param((640, 480), (400, 80, 480, 160), id='camera'),
    ],
)
def test_boxes_are_in_pixels_of_the_source(
    tiny: Detector, size: tuple[int, int], square: tuple[int, int, int, int]
) -> None:
    found = detect(tiny, paint(black(*size), square, RED))
    assert_found(found, [(square, RED, score_of(255))])


def test_box_that_lies_in_the_padding_is_dropped(copied: Callable[..., Path]) -> None:
    bright_padding = load(copied(input={'pad_value': 255}))
    # Bright rows of 8 pixels above and below: each end of a row, with one bright neighbour,
    # has the logit (255 - 255 / 2) / 16 - 8, a score of 0.49.
    as_pixels = black()
    as_pixels[:8] = as_pixels[56:] = 255
    corners = detect(bright_padding, as_pixels, score_threshold=0.4)
    assert len(corners) == 4 * 3
    assert np.all(corners.boxes_xyxy[:, 3] - corners.boxes_xyxy[:, 1] > 7.9)
    # The network sees the same pixels, but now the rows are padding. The boxes end at the edge
    # of the picture, up to the rounding of floats.
    assert len(detect(bright_padding, black(64, 48), score_threshold=0.4)) == 0


@pytest.mark.parametrize('size', [(1, 1), (64, 64), (4000, 1), (1, 3000)])
def test_nothing_to_see_is_an_empty_value(tiny: Detector, size: tuple[int, int]) -> None:
    found = detect(tiny, black(*size))
    assert len(found) == 0
    assert found.boxes_xyxy.shape == (0, 4)


def test_score_threshold_is_obeyed_and_inclusive(tiny: Detector) -> None:
    image = paint(black(), (24, 16, 32, 24), RED, 128)  # a score of exactly 0.5
    assert detect(tiny, image, score_threshold=0.5).scores.tolist() == [0.5]
    assert len(detect(tiny, image, score_threshold=0.500001)) == 0


def test_max_detections_keeps_the_best(tiny: Detector) -> None:
    image = black()
    cells = [(x, y) for y in (0, 16, 32, 48) for x in (0, 16, 32, 48)]
    for rank, (x, y) in enumerate(cells):
        paint(image, (x, y, x + 8, y + 8), GREEN, 255 - 2 * rank)
    assert len(detect(tiny, image)) == 16
    best = detect(tiny, image, max_detections=3)
    assert_found(best, [
        ((0, 0, 8, 8), GREEN, score_of(255)),
        ((16, 0, 24, 8), GREEN, score_of(253)),
        ((32, 0, 40, 8), GREEN, score_of(251)),
    ])


def test_candidates_beyond_the_limit_are_the_weakest(
    tiny: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector_module, 'MAX_CANDIDATES', 2)
    image = paint(black(), (0, 0, 8, 8), GREEN, 200)
    paint(image, (32, 0, 40, 8), GREEN, 220)
    paint(image, (0, 32, 8, 40), GREEN, 240)
    assert detect(tiny, image).scores == pytest.approx([score_of(240), score_of(220)], abs=1e-6)


def test_nms_threshold_is_obeyed(tiny: Detector) -> None:
    # Neighbours of stride 16 with boxes (16, 8, 48, 56) and (32, 8, 64, 56): the IoU is 1/3. Each
    # silences the other to a score of 0.49.
    image = paint(black(), (16, 16, 48, 32), RED)
    both = detect(tiny, image, score_threshold=0.4, nms_iou_threshold=0.34)
    np.testing.assert_allclose(
        both.boxes_xyxy, [(16, 8, 48, 56), (32, 8, 64, 56)], atol=1e-3
    )
    one = detect(tiny, image, score_threshold=0.4, nms_iou_threshold=0.32)
    np.testing.assert_allclose(one.boxes_xyxy, [(16, 8, 48, 56)], atol=1e-3)


def test_overlapping_boxes_of_two_classes_are_both_kept(tiny: Detector) -> None:
    image = paint(paint(black(), (16, 16, 32, 32), RED), (32, 16, 48, 32), GREEN)
    found = detect(tiny, image, nms_iou_threshold=0.0)
    assert_found(found, [
        ((16, 8, 48, 56), RED, score_of(255)), ((32, 8, 64, 56), GREEN, score_of(255)),
    ])


def test_frame_leaves_no_trace_in_the_next(tiny: Detector) -> None:
    image = paint(black(128, 64), (48, 16, 64, 32), RED)
    first = detect(tiny, image)
    # Fills, among others, what will be padding again.
    detect(tiny, np.full((64, 64, 3), 255, np.uint8))
    again = detect(tiny, image)
    np.testing.assert_array_equal(again.boxes_xyxy, first.boxes_xyxy)
    np.testing.assert_array_equal(again.scores, first.scores)


def test_image_is_not_changed(tiny: Detector) -> None:
    image = paint(black(), (24, 16, 32, 24), RED)
    before = image.copy()
    image.setflags(write=False)
    detect(tiny, image)
    np.testing.assert_array_equal(image, before)


def test_labels_are_those_of_the_manifest(copied: Callable[..., Path]) -> None:
    assert load(copied(labels=['person', 'car', 'dog'])).labels == ('person', 'car', 'dog')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'input': {'shape': [1, 32, 32, 3]}}, 'input: the manifest promises'),
        ({'head': 'nobody'}, "head: expected one of .*, got 'nobody'"),
        ({'labels': ['one', 'two']}, '18.* for 2 labels, 4 bins'),
        ({'head_options': {'strides': [8, 16], 'bins': 4}}, 'expected outputs'),
    ],
)
def test_manifest_that_does_not_fit_the_model_is_refused(
    copied: Callable[..., Path], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        load(copied(**changes))


def test_one_inference_answers_with_several_settings(tiny: Detector) -> None:
    image = paint(paint(black(), (8, 16, 16, 24), BLUE, 200), (40, 16, 48, 24), BLUE, 130)
    settings = [DetectionSettings(), DetectionSettings(score_threshold=0.9),
                DetectionSettings(max_detections=1)]
    found = list(tiny.detect_each(image, settings))
    assert [len(each) for each in found] == [2, 1, 1]
    for each, one in zip(found, settings):
        np.testing.assert_array_equal(each.boxes_xyxy, tiny.detect(image, one).boxes_xyxy)
