# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The head of YOLOv8, against hand-calculated anchors and a plain loop over the definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.heads.yolov8 import Yolov8Head
from compressed_detector.detection.tensors import Tensor
from compressed_detector.detection.types import Detections
from compressed_detector.errors import ModelError

CLASSES, ANCHORS = 3, 5
SIZE = (64, 32)
SHAPE = (1, 4 + CLASSES, ANCHORS)


def decode(
    values: np.ndarray, threshold: float, scale: float = 1.0, zero_point: int = 0, **options: Any
) -> Detections:
    head = Yolov8Head({'predictions': values.shape}, CLASSES, SIZE, **options)
    return head.decode({'predictions': Tensor(values, scale, zero_point)}, threshold)


def silent() -> np.ndarray:
    return np.zeros(SHAPE, np.float32)


def decode_by_definition(values: np.ndarray, threshold: float, unit: tuple[int, int]) -> set[Any]:
    """Return (class, anchor, score, box) of every passing pair."""
    found = set()
    for anchor in range(ANCHORS):
        x, y, width, height, *classes = (float(value) for value in values[0, :, anchor])
        x, width, y, height = x * unit[0], width * unit[0], y * unit[1], height * unit[1]
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        for class_id, score in enumerate(classes):
            if score >= np.float32(threshold):
                found.add((class_id, round(score, 5), tuple(round(side, 3) for side in box)))
    return found


def as_set(found: Detections) -> set[Any]:
    return {
        (int(class_id), round(float(score), 5), tuple(round(float(side), 3) for side in box))
        for box, score, class_id in zip(found.boxes_xyxy, found.scores, found.class_ids)
    }


def test_anchor_gives_the_box_calculated_by_hand() -> None:
    values = silent()
    # Shares of 64 x 32 pixels: centre (32, 8), sides (16, 12).
    values[0, :, 3] = [0.5, 0.25, 0.25, 0.375, 0.1, 0.2, 0.75]
    found = decode(values, 0.35)
    assert found.class_ids.tolist() == [2]
    assert found.scores.tolist() == [0.75]
    np.testing.assert_allclose(found.boxes_xyxy, [[24, 2, 40, 14]], atol=1e-5)


def test_box_in_pixels_is_taken_as_it_is() -> None:
    values = silent()
    values[0, :, 3] = [32, 8, 16, 12, 0.1, 0.2, 0.75]
    found = decode(values, 0.35, normalized=False)
    np.testing.assert_allclose(found.boxes_xyxy, [[24, 2, 40, 14]], atol=1e-5)


def test_every_class_of_an_anchor_that_passes_is_a_candidate() -> None:
    values = silent()
    values[0, 4:, 1] = [0.5, 0.25, 0.75]
    found = decode(values, 0.5)
    assert found.class_ids.tolist() == [0, 2]
    np.testing.assert_array_equal(found.boxes_xyxy[0], found.boxes_xyxy[1])


def test_score_equal_to_the_threshold_passes() -> None:
    values = silent()
    values[0, 4, 0] = 0.5
    assert len(decode(values, 0.5)) == 1
    assert len(decode(values, np.nextafter(0.5, 1, dtype=np.float32))) == 0


@pytest.mark.parametrize(('dtype', 'zero_point'), [(np.int8, -128), (np.uint8, 0)])
def test_integer_score_equal_to_the_threshold_passes(dtype: type, zero_point: int) -> None:
    values = np.full(SHAPE, zero_point, dtype)
    values[0, 4, 0] = zero_point + 128
    values[0, 5, 0] = zero_point + 127
    found = decode(values, 0.5, scale=1 / 256, zero_point=zero_point)
    assert found.scores.tolist() == [0.5]


def test_score_that_was_rounded_above_one_is_one() -> None:
    values = np.zeros(SHAPE, np.uint8)
    values[0, 4, 0] = 255
    assert decode(values, 0.5, scale=1 / 254).scores.tolist() == [1]


def test_no_candidate_is_an_empty_value() -> None:
    found = decode(silent(), 0.01)
    assert found.boxes_xyxy.shape == (0, 4)
    assert found.scores.shape == (0,)
    assert found.class_ids.shape == (0,)


@given(
    seed=st.integers(0, 2**32 - 1),
    threshold=st.sampled_from([0.01, 0.05, 0.35, 0.5, 0.9]),
    normalized=st.booleans(),
)
def test_decoding_equals_the_definition(seed: int, threshold: float, normalized: bool) -> None:
    # Multiples of 1/64 are exact in every step.
    values = np.random.default_rng(seed).integers(0, 65, SHAPE).astype(np.float32) / 64
    found = decode(values, threshold, normalized=normalized)
    unit = SIZE if normalized else (1, 1)
    assert as_set(found) == decode_by_definition(values, threshold, unit)


@given(
    seed=st.integers(0, 2**32 - 1),
    threshold=st.sampled_from([0.01, 0.05, 0.35, 0.5, 0.9]),
    dtype=st.sampled_from([np.int8, np.uint8, np.int16]),
    scale=st.sampled_from([1 / 256, 0.0047]),
)
def test_quantized_output_gives_what_its_floats_give(
    seed: int, threshold: float, dtype: type, scale: float
) -> None:
    low = 0 if dtype is np.uint8 else -128
    stored = np.random.default_rng(seed).integers(low, low + 256, SHAPE).astype(dtype)
    floats = (stored.astype(np.float32) - low) * np.float32(scale)
    quantized = decode(stored, threshold, scale, zero_point=low)
    real = decode(floats, threshold)
    np.testing.assert_array_equal(quantized.class_ids, real.class_ids)
    np.testing.assert_array_equal(quantized.scores, real.scores)
    np.testing.assert_array_equal(quantized.boxes_xyxy, real.boxes_xyxy)


@pytest.mark.parametrize(
    ('shapes', 'message'),
    [
        ({}, r"outputs \['predictions'\], got \[\]"),
        ({'output0': SHAPE}, r"got \['output0'\]"),
        # A segmentation export has prototypes of masks beside the predictions.
        ({'predictions': SHAPE, 'masks': (1, 16, 16, 32)}, r"got \['masks', 'predictions'\]"),
        ({'predictions': (1, 84, ANCHORS)},
         r'predictions of shape \(1, 7, anchors\) for 3 labels, got \(1, 84, 5\)'),
        ({'predictions': (1, ANCHORS, 7)}, r'got \(1, 5, 7\)'),
        ({'predictions': (1, 300, 6)}, r'got \(1, 300, 6\); export .* without nms and'),
        ({'predictions': (7, ANCHORS)}, r'got \(7, 5\)'),
        ({'predictions': (2, 7, ANCHORS)}, r'got \(2, 7, 5\)'),
    ],
)
def test_outputs_that_do_not_fit_are_refused(
    shapes: dict[str, tuple[int, ...]], message: str
) -> None:
    Yolov8Head({'predictions': SHAPE}, CLASSES, SIZE)
    with pytest.raises(ModelError, match=f'yolov8 head: expected .*{message}'):
        Yolov8Head(shapes, CLASSES, SIZE)


@pytest.mark.parametrize('normalized', [1, 0, None, 'true'])
def test_option_that_means_nothing_is_refused(normalized: Any) -> None:
    with pytest.raises(ModelError, match='yolov8 head: expected normalized to be true or false'):
        Yolov8Head({'predictions': SHAPE}, CLASSES, SIZE, normalized=normalized)
