# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Every head reads a real network, in the form of its authors' export, under the real runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_detector import BLUE, GREEN, RED, black, detect, load, paint, score_of

from compressed_detector.detection.detector import Detector
from compressed_detector.detection.types import Detections

MODELS = Path(__file__).parents[2] / 'data' / 'tiny_heads'
# One step of the int8 model is 1/4 pixel, and 1/256 of a score.
TOLERANCES = {'tiny_yolov8_int8': (0.26, 0.005)}
# Their first class is the first channel that they are given.
TAKES_RGB = {'tiny_yolov8', 'tiny_yolov8_int8', 'tiny_ssd'}
# How much further than the square the box reaches, in sides of the square: x and y.
GROWN = {'tiny_yolox': (0.5, 0.0), 'tiny_ssd': (0.0, 0.5)}


@pytest.fixture(params=['tiny_yolov8', 'tiny_yolov8_int8', 'tiny_yolox', 'tiny_ssd'])
def detector(request: pytest.FixtureRequest) -> Detector:
    return load(MODELS / f'{request.param}.json')


def grown(name: str, square: tuple[int, int, int, int]) -> list[float]:
    left, top, right, bottom = square
    x, y = (share * (right - left) for share in GROWN.get(name, (0.0, 0.0)))
    return [max(0, left - x), max(0, top - y), min(64, right + x), min(64, bottom + y)]


def class_of(name: str, channel: int) -> int:
    return 2 - channel if name in TAKES_RGB else channel


def assert_found(
    name: str, found: Detections, boxes: list[list[float]], channels: list[int],
    scores: list[float],
) -> None:
    pixels, share = TOLERANCES.get(name, (1e-3, 1e-5))
    assert found.class_ids.tolist() == [class_of(name, channel) for channel in channels]
    expected = [score ** 2 for score in scores] if name == 'tiny_yolox' else scores
    assert found.scores.tolist() == pytest.approx(expected, abs=share)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, atol=pixels)


@pytest.mark.parametrize(
    ('square', 'channel'),
    [((24, 16, 32, 24), RED), ((16, 32, 32, 48), BLUE), ((32, 32, 64, 64), GREEN),
     ((0, 0, 8, 8), GREEN)],
)
def test_square_is_found_where_it_is(
    detector: Detector, square: tuple[int, int, int, int], channel: int
) -> None:
    name = detector.manifest.name
    found = detect(detector, paint(black(), square, channel))
    assert_found(name, found, [grown(name, square)], [channel], [score_of(255)])


def test_squares_are_found_best_first(detector: Detector) -> None:
    name = detector.manifest.name
    image = paint(black(), (8, 8, 16, 16), BLUE, 200)
    paint(image, (32, 8, 40, 16), RED, 160)
    paint(image, (8, 40, 16, 48), GREEN, 180)
    found = detect(detector, image, score_threshold=0.5)
    assert_found(
        name, found,
        [grown(name, (8, 8, 16, 16)), grown(name, (8, 40, 16, 48)), grown(name, (32, 8, 40, 16))],
        [BLUE, GREEN, RED], [score_of(200), score_of(180), score_of(160)],
    )


def test_nothing_to_see_is_an_empty_value(detector: Detector) -> None:
    for size in ((64, 64), (640, 480), (1, 1)):
        found = detect(detector, black(*size), score_threshold=0.06)
        assert found.boxes_xyxy.shape == (0, 4)


def test_threshold_is_obeyed(detector: Detector) -> None:
    image = paint(black(), (24, 16, 32, 24), GREEN, 128)  # a probability of exactly 0.5
    exact = 0.25 if detector.manifest.name == 'tiny_yolox' else 0.5
    found = detect(detector, image, score_threshold=exact)
    assert found.scores.tolist() == pytest.approx([exact], abs=0.002)
    assert len(detect(detector, image, score_threshold=exact + 0.01)) == 0


def test_stretched_picture_gives_boxes_in_pixels_of_the_source() -> None:
    # Two source pixels per target pixel across, one down: the square is the cell (3, 2) of 8.
    image = paint(black(128, 64), (48, 16, 64, 24), RED)
    found = detect(load(MODELS / 'tiny_ssd.json'), image)
    np.testing.assert_allclose(found.boxes_xyxy, [[48, 12, 64, 28]], atol=1e-3)


def test_letterboxed_picture_gives_boxes_in_pixels_of_the_source() -> None:
    # Two source pixels per target pixel, 16 pixels of padding above: the cell (3, 3) of 8.
    image = paint(black(128, 64), (48, 16, 64, 32), RED)
    found = detect(load(MODELS / 'tiny_yolov8.json'), image)
    np.testing.assert_allclose(found.boxes_xyxy, [[48, 16, 64, 32]], atol=1e-3)
