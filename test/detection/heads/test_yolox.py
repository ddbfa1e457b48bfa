# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The head of YOLOX, against hand-calculated anchors and a plain loop over the definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.heads.yolox import YoloxHead
from compressed_detector.detection.tensors import Tensor
from compressed_detector.detection.types import Detections
from compressed_detector.errors import ModelError

CLASSES = 2
SIZE = (24, 16)  # 3 x 2 cells of 8, then 2 x 1 cells of 16
STRIDES = [8, 16]
SHAPE = (1, 8, 5 + CLASSES)
# Stride, column and row of each anchor, in the order of the authors' export.
CELLS = [(8, 0, 0), (8, 1, 0), (8, 2, 0), (8, 0, 1), (8, 1, 1), (8, 2, 1), (16, 0, 0), (16, 1, 0)]


def decode(
    values: np.ndarray, threshold: float, scale: float = 1.0, zero_point: int = 0, **options: Any
) -> Detections:
    head = YoloxHead({'predictions': values.shape}, CLASSES, SIZE, STRIDES, **options)
    return head.decode({'predictions': Tensor(values, scale, zero_point)}, threshold)


def silent() -> np.ndarray:
    return np.zeros(SHAPE, np.float32)


def decode_by_definition(values: np.ndarray, threshold: float, decoded: bool) -> list[Any]:
    """Return (score, class, box) of every passing pair, in the order of the anchors."""
    found = []
    for (stride, column, row), anchor in zip(CELLS, values[0].astype(float)):
        x, y, width, height, objectness, *classes = anchor
        if not decoded:
            x, y = (x + column) * stride, (y + row) * stride
            width, height = math.exp(width) * stride, math.exp(height) * stride
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        for class_id, probability in enumerate(classes):
            # As a float32 product, which is what the threshold is compared with.
            if np.float32(objectness) * np.float32(probability) >= np.float32(threshold):
                found.append((objectness * probability, class_id, box))
    return found


def test_anchor_gives_the_box_calculated_by_hand() -> None:
    values = silent()
    # The cell (2, 1) of stride 8: centre (2.5, 1.25) x 8 = (20, 10), sides (16, 4).
    values[0, 5] = [0.5, 0.25, math.log(2), math.log(0.5), 0.8, 0.1, 0.9]
    found = decode(values, 0.35)
    assert found.class_ids.tolist() == [1]
    assert found.scores == pytest.approx([0.72], abs=1e-6)
    np.testing.assert_allclose(found.boxes_xyxy, [[12, 8, 28, 12]], atol=1e-5)


def test_stride_of_an_anchor_is_that_of_its_place() -> None:
    values = silent()
    # The cell (1, 0) of stride 16: centre (1, -0.5) x 16 = (16, -8), sides (16, 32).
    values[0, 7] = [0, -0.5, 0, math.log(2), 1, 0.5, 0]
    found = decode(values, 0.35)
    assert found.class_ids.tolist() == [0]
    np.testing.assert_allclose(found.boxes_xyxy, [[8, -24, 24, 8]], atol=1e-5)


def test_decoded_box_is_in_pixels() -> None:
    values = silent()
    values[0, 5] = [20, 10, 16, 4, 1, 0, 0.5]
    found = decode(values, 0.35, decoded=True)
    np.testing.assert_allclose(found.boxes_xyxy, [[12, 8, 28, 12]], atol=1e-5)


def test_score_is_the_product_of_objectness_and_class() -> None:
    values = silent()
    values[0, 0, 4:] = [0.5, 1, 0.75]
    values[0, 1, 4:] = [1, 0.25, 0.5]
    found = decode(values, 0.375)
    assert found.scores.tolist() == [0.5, 0.375, 0.5]
    assert found.class_ids.tolist() == [0, 1, 1]
    assert len(decode(values, 0.51)) == 0


def test_score_equal_to_the_threshold_passes() -> None:
    values = silent()
    values[0, 3, 4:] = [0.5, 0.5, 1]
    assert decode(values, 0.5).scores.tolist() == [0.5]
    assert decode(values, 0.25).scores.tolist() == [0.25, 0.5]
    assert len(decode(values, np.nextafter(0.5, 1, dtype=np.float32))) == 0


def test_no_candidate_is_an_empty_value() -> None:
    found = decode(silent(), 0.01)
    assert found.boxes_xyxy.shape == (0, 4)
    assert found.scores.shape == (0,)
    assert found.class_ids.shape == (0,)


def test_huge_logarithm_of_a_side_does_not_overflow() -> None:
    values = silent()
    values[0, 0] = [0, 0, 1e4, -1e4, 1, 1, 0]
    with np.errstate(all='raise', under='ignore'):
        found = decode(values, 0.35)
    assert np.all(np.isfinite(found.boxes_xyxy))


def test_objectness_that_is_no_number_is_no_object() -> None:
    values = silent()
    values[0, :, 4] = np.nan
    values[0, :, 5:] = 1
    assert len(decode(values, 0.01)) == 0


@given(
    seed=st.integers(0, 2**32 - 1),
    threshold=st.sampled_from([0.01, 0.05, 0.35, 0.5, 0.9]),
    decoded=st.booleans(),
)
def test_decoding_equals_the_definition(seed: int, threshold: float, decoded: bool) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, SHAPE).astype(np.float32)
    values[..., 4:] = rng.random((1, 8, 1 + CLASSES))
    found = decode(values, threshold, decoded=decoded)
    expected = decode_by_definition(values, threshold, decoded)
    assert found.class_ids.tolist() == [class_id for _, class_id, _ in expected]
    np.testing.assert_allclose(found.scores, [score for score, _, _ in expected], rtol=1e-5)
    boxes = np.array([box for _, _, box in expected]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, rtol=1e-5, atol=1e-4)


@given(
    seed=st.integers(0, 2**32 - 1),
    # Off the grid of the products of two stored values: on a tie, rounding would decide.
    threshold=st.sampled_from([0.01003, 0.05003, 0.35003, 0.50003, 0.90003]),
    dtype=st.sampled_from([np.int8, np.uint8]),
    scale=st.sampled_from([1 / 64, 1 / 100]),
)
def test_quantized_output_gives_what_its_floats_give(
    seed: int, threshold: float, dtype: type, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    low, zero_point = (0, 131) if dtype is np.uint8 else (-128, 3)
    stored = rng.integers(low, low + 256, SHAPE).astype(dtype)
    floats = (stored.astype(np.float32) - zero_point) * np.float32(scale)
    quantized = decode(stored, threshold, scale, zero_point)
    real = decode(floats, threshold)
    np.testing.assert_array_equal(quantized.class_ids, real.class_ids)
    np.testing.assert_array_equal(quantized.scores, real.scores)
    np.testing.assert_array_equal(quantized.boxes_xyxy, real.boxes_xyxy)
    assert np.all(quantized.scores <= 1)


@pytest.mark.parametrize(
    ('shapes', 'message'),
    [
        ({}, r"outputs \['predictions'\], got \[\]"),
        ({'boxes': SHAPE}, r"got \['boxes'\]"),
        ({'predictions': SHAPE, 'boxes': SHAPE}, r"got \['boxes', 'predictions'\]"),
        ({'predictions': (1, 8, 8)},
         r'predictions of shape \(1, 8, 7\) for 2 labels, strides \[8, 16\] and an input of '
         r'24 x 16, got \(1, 8, 8\)'),
        ({'predictions': (1, 7, 7)}, r'got \(1, 7, 7\)'),
        ({'predictions': (8, 7)}, r'got \(8, 7\)'),
        ({'predictions': (1, 7, 8)}, r'got \(1, 7, 8\)'),
        ({'predictions': (2, 8, 7)}, r'got \(2, 8, 7\)'),
    ],
)
def test_outputs_that_do_not_fit_are_refused(
    shapes: dict[str, tuple[int, ...]], message: str
) -> None:
    YoloxHead({'predictions': SHAPE}, CLASSES, SIZE, STRIDES)
    with pytest.raises(ModelError, match=f'yolox head: expected .*{message}'):
        YoloxHead(shapes, CLASSES, SIZE, STRIDES)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'strides': [8, 0]}, 'different positive whole strides, got strides'),
        ({'strides': [8, 8]}, 'different positive whole strides'),
        ({'strides': []}, 'different positive whole strides'),
        ({'strides': [8, 16], 'decoded': 1}, 'decoded to be true or false, got 1'),
        ({'strides': [8, 16], 'decoded': 'no'}, "decoded to be true or false, got 'no'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=f'yolox head: expected {message}'):
        YoloxHead({'predictions': SHAPE}, CLASSES, SIZE, **options)


def test_strides_of_the_published_models_are_the_default() -> None:
    # 52 x 52 + 26 x 26 + 13 x 13
    YoloxHead({'predictions': (1, 3549, 85)}, 80, (416, 416))
