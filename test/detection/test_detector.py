# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
Pixels in, boxes out, through real networks whose answers are calculated by hand.

The tiny detectors (tools/make_tiny_model.py) see 64x64 pixels. A lone square of one colour that
fills a cell of stride 8, 16 or 32 gives a detection of that channel's class with the score
sigmoid(value / 16 - 8). Its box is the cell for the strides 8 and 32; for 16 it reaches 8, 16,
24 and 32 pixels from the cell's centre to the left, top, right and bottom.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compressed_detector.config import DetectionSettings
from compressed_detector.detection import detector as detector_module
from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.tensors import Tensor, TensorInfo
from compressed_detector.detection.types import Detections
from compressed_detector.errors import ModelError

BLUE, GREEN, RED = 0, 1, 2


def load(path: Path) -> Detector:
    return Detector.load(path, num_threads=2)


@pytest.fixture
def tiny(tiny_models: Path) -> Detector:
    return load(tiny_models / 'tiny_gfl.json')


def black(width: int = 64, height: int = 64) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def paint(
    image: np.ndarray, box: tuple[int, int, int, int], channel: int, value: int = 255
) -> np.ndarray:
    left, top, right, bottom = box
    image[top:bottom, left:right, channel] = value
    return image


def score_of(value: float) -> float:
    return 1 / (1 + math.exp(8 - value / 16))


def detect(detector: Detector, image: np.ndarray, **settings: Any) -> Detections:
    return detector.detect(image, DetectionSettings(**settings))


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
    # The same pixels before the network, but now the rows are padding.
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
        ((32, 8, 64, 56), GREEN, score_of(255)), ((16, 8, 48, 56), RED, score_of(255)),
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


@pytest.mark.parametrize(('color', 'class_id'), [('bgr', 2), ('rgb', 0)])
def test_channels_are_given_in_the_order_of_the_manifest(
    copied: Callable[..., Path], color: str, class_id: int
) -> None:
    found = detect(load(copied(input={'color': color})), paint(black(), (24, 16, 32, 24), RED))
    assert_found(found, [((24, 16, 32, 24), class_id, score_of(255))])


def random_squares(seed: int, size: tuple[int, int]) -> np.ndarray:
    """Return a noisy image with lone squares on every other cell of stride 8."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 8, (64, 64, 3)).astype(np.uint8)
    for x, y in rng.permutation([(x, y) for x in (0, 16, 32, 48) for y in (16, 32)])[:5]:
        channel = int(rng.integers(3))
        paint(image, (x, y, x + 8, y + 8), channel, int(rng.integers(200, 256)))
    return image[:size[1], :size[0]]


@pytest.mark.parametrize('size', [(64, 64), (64, 48), (48, 64)])
@pytest.mark.parametrize('seed', range(5))
def test_raw_and_normalized_input_give_the_same_detections(
    copied: Callable[..., Path], tiny_models: Path, seed: int, size: tuple[int, int]
) -> None:
    image = random_squares(seed, size)
    raw = detect(load(copied(input={'color': 'rgb', 'pad_value': 9})), image)
    normalized = detect(load(copied('tiny_gfl_float', input={'pad_value': 9})), image)
    assert len(raw) >= 2
    np.testing.assert_array_equal(normalized.class_ids, raw.class_ids)
    np.testing.assert_allclose(normalized.scores, raw.scores, atol=1e-5)
    np.testing.assert_allclose(normalized.boxes_xyxy, raw.boxes_xyxy, atol=1e-3)


@pytest.mark.parametrize('seed', range(5))
def test_int8_network_gives_nearly_the_same_detections(tiny_models: Path, seed: int) -> None:
    image = random_squares(seed, (64, 64))
    floats = detect(load(tiny_models / 'tiny_gfl.json'), image, score_threshold=0.5)
    integers = detect(load(tiny_models / 'tiny_gfl_int8.json'), image, score_threshold=0.5)
    assert len(integers) == len(floats) == 5
    # A logit is known to 0.25, which may exchange the ranks of two squares.
    by_place = [np.lexsort(found.boxes_xyxy.T) for found in (floats, integers)]
    floats, integers = floats[by_place[0]], integers[by_place[1]]
    np.testing.assert_array_equal(integers.class_ids, floats.class_ids)
    np.testing.assert_allclose(integers.boxes_xyxy, floats.boxes_xyxy, atol=1e-3)
    np.testing.assert_allclose(integers.scores, floats.scores, atol=0.02)


class Recorder:
    """An interpreter that keeps what it is given to infer from, and sees nothing in it."""

    def __init__(self, info: TensorInfo, like: Detector) -> None:
        self.input = info
        self.outputs = like._interpreter.outputs
        self.given = np.zeros(info.shape, info.dtype)

    def run(self, fill: Callable[[np.ndarray], None]) -> dict[str, Tensor]:
        fill(self.given)
        return {
            info.name: Tensor(np.full(info.shape, -50, np.float32)) for info in self.outputs
        }


@pytest.mark.parametrize(
    ('dtype', 'scale', 'zero_point'),
    [('float32', 1.0, 0), ('int8', 0.017, -9), ('uint8', 0.02, 110), ('uint8', 1.0, 0)],
)
@pytest.mark.parametrize('color', ['bgr', 'rgb'])
def test_network_is_given_normalized_and_quantized_pixels(
    copied: Callable[..., Path], tiny: Detector, dtype: str, scale: float, zero_point: int,
    color: str,
) -> None:
    mean, std = [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]
    bundle = Bundle.load(copied(input={
        'dtype': dtype, 'color': color, 'mean': mean, 'std': std, 'pad_value': 114,
    }))
    recorder = Recorder(
        TensorInfo('image', (1, 64, 64, 3), np.dtype(dtype), scale, zero_point), tiny
    )
    image = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
    assert len(detect(Detector(bundle, recorder), image)) == 0
    pixels = np.full((64, 64, 3), 114, float)
    pixels[16:48] = image[..., ::-1] if color == 'rgb' else image
    stored = (pixels - mean) / std / scale + zero_point
    if dtype == 'float32':
        np.testing.assert_allclose(recorder.given[0], stored, atol=1e-5)
    else:
        limits = np.iinfo(dtype)
        clipped = np.clip(stored, limits.min, limits.max)
        assert np.all(np.abs(recorder.given[0] - clipped) <= 0.5 + 1e-4)


@pytest.mark.parametrize('color', ['bgr', 'rgb'])
def test_network_that_takes_pixels_is_given_them_untouched(
    copied: Callable[..., Path], tiny: Detector, color: str
) -> None:
    recorder = Recorder(tiny._interpreter.input, tiny)
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    detect(Detector(Bundle.load(copied(input={'color': color})), recorder), image)
    expected = image[..., ::-1] if color == 'rgb' else image
    np.testing.assert_array_equal(recorder.given[0], expected)


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (np.zeros((64, 64), np.uint8), r'\(64, 64\) of uint8'),
        (np.zeros((64, 64, 1), np.uint8), r'\(64, 64, 1\) of uint8'),
        (np.zeros((64, 64, 4), np.uint8), r'\(64, 64, 4\) of uint8'),
        (np.zeros((64, 64, 3), np.float32), r'\(64, 64, 3\) of float32'),
        (np.zeros((64, 64, 3), np.int8), r'\(64, 64, 3\) of int8'),
        (np.zeros((1, 64, 64, 3), np.uint8), r'\(1, 64, 64, 3\) of uint8'),
    ],
)
def test_image_that_is_not_bgr_bytes_is_refused(
    tiny: Detector, image: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=rf'expected a BGR image .* of uint8, got {message}'):
        detect(tiny, image)


@pytest.mark.parametrize('shape', [(0, 64, 3), (64, 0, 3)])
def test_image_without_pixels_is_refused(tiny: Detector, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match='expected sizes of at least 1 pixel'):
        detect(tiny, np.zeros(shape, np.uint8))


def test_labels_are_those_of_the_manifest(copied: Callable[..., Path]) -> None:
    assert load(copied(labels=['person', 'car', 'dog'])).labels == ('person', 'car', 'dog')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'input': {'shape': [1, 32, 32, 3]}}, 'input: the manifest promises'),
        ({'head': 'nobody'}, "head: expected one of .*, got 'nobody'"),
        ({'labels': ['one', 'two']}, '18.* for 2 labels and 4 bins'),
        ({'head_options': {'strides': [8, 16], 'bins': 4}}, 'expected outputs'),
    ],
)
def test_manifest_that_does_not_fit_the_model_is_refused(
    copied: Callable[..., Path], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        load(copied(**changes))
