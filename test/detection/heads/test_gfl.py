# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The head of NanoDet and PicoDet, against hand-calculated cells and a plain loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.heads.gfl import GflHead
from compressed_detector.detection.tensors import Tensor
from compressed_detector.detection.types import Detections

CLASSES, BINS = 2, 4
CHANNELS = CLASSES + 4 * BINS
SIZE = (24, 16)  # 3 x 2 cells of 8, and 2 x 1 of 16, the last of which sticks out
SHAPES = {'stride_8': (1, 2, 3, CHANNELS), 'stride_16': (1, 1, 2, CHANNELS)}
STRIDES = {'stride_8': 8, 'stride_16': 16}
SILENT = -30.0

# Logarithms of probabilities are logits; each row sums to 1 and has an expectation in eighths.
SIDES_LOGITS = np.log(np.array([
    [0.500, 0.250, 0.250, 1e-30],  # left: 0.75
    [1e-30, 1.000, 1e-30, 1e-30],  # top: 1
    [0.125, 0.125, 0.250, 0.500],  # right: 2.125
    [1e-30, 1e-30, 0.500, 0.500],  # bottom: 2.5
])).ravel()


def stay(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return outputs


def flatten(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the same cells one after the other: (1, cells, channels)."""
    return {role: values.reshape(1, -1, CHANNELS) for role, values in outputs.items()}


def join(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the same cells as NanoDet's authors export them."""
    return {'predictions': np.concatenate(list(flatten(outputs).values()), axis=1)}


def split(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the same cells as PicoDet's authors export them."""
    parts = {}
    for role, values in flatten(outputs).items():
        stride = STRIDES[role]
        parts[f'boxes_{stride}'] = values[..., CLASSES:]
        parts[f'scores_{stride}'] = values[..., :CLASSES]
    return parts


def split_maps(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    parts = {}
    for role, values in outputs.items():
        parts[f'scores_{STRIDES[role]}'] = values[..., :CLASSES]
        parts[f'boxes_{STRIDES[role]}'] = values[..., CLASSES:]
    return parts


LAYOUTS = [stay, flatten, join, split, split_maps]


def silent_outputs() -> dict[str, np.ndarray]:
    outputs = {role: np.zeros(shape, np.float32) for role, shape in SHAPES.items()}
    for values in outputs.values():
        values[..., :CLASSES] = SILENT
    return outputs


def decode(
    outputs: dict[str, np.ndarray], threshold: float, scale: float = 1.0, zero_point: int = 0,
    **options: Any,
) -> Detections:
    tensors = {role: Tensor(values, scale, zero_point) for role, values in outputs.items()}
    shapes = {role: values.shape for role, values in outputs.items()}
    head = GflHead(shapes, CLASSES, SIZE, list(STRIDES.values()), BINS, **options)
    return head.decode(tensors, threshold)


def decode_by_definition(outputs: dict[str, np.ndarray], threshold: float) -> list[Any]:
    """Return (score, class, box) of every passing pair, in the order of the cells."""
    found = []
    for role, stride in STRIDES.items():
        _, rows, columns, _ = SHAPES[role]
        for row, column in np.ndindex(rows, columns):
            cell = [float(value) for value in outputs[role][0, row, column]]
            distances = []
            for side in range(4):
                start = CLASSES + side * BINS
                weights = [math.exp(logit) for logit in cell[start:start + BINS]]
                mean = sum(i * weight for i, weight in enumerate(weights)) / sum(weights)
                distances.append(mean * stride)
            x, y = (column + 0.5) * stride, (row + 0.5) * stride
            left, top, right, bottom = distances
            for class_id in range(CLASSES):
                if cell[class_id] >= math.log(threshold / (1 - threshold)):
                    score = 1 / (1 + math.exp(-cell[class_id]))
                    found.append((score, class_id, (x - left, y - top, x + right, y + bottom)))
    return found


def test_one_cell_gives_the_box_calculated_by_hand() -> None:
    outputs = silent_outputs()
    cell = outputs['stride_8'][0, 1, 2]
    cell[1] = math.log(3)  # sigmoid: 3 / 4
    cell[CLASSES:] = SIDES_LOGITS
    found = decode(outputs, 0.35)
    assert found.class_ids.tolist() == [1]
    assert found.scores == pytest.approx([0.75], abs=1e-6)
    # The centre is (2.5, 1.5) x 8 = (20, 12); the distances are (6, 8, 17, 20) pixels.
    np.testing.assert_allclose(found.boxes_xyxy, [[14, 4, 37, 32]], atol=1e-4)


def test_stride_scales_the_centre_and_the_distances() -> None:
    outputs = silent_outputs()
    cell = outputs['stride_16'][0, 0, 1]
    cell[0] = 0
    cell[CLASSES:] = SIDES_LOGITS
    found = decode(outputs, 0.35)
    assert found.class_ids.tolist() == [0]
    assert found.scores.tolist() == [0.5]
    # The centre is (1.5, 0.5) x 16 = (24, 8); the distances are (12, 16, 34, 40) pixels.
    np.testing.assert_allclose(found.boxes_xyxy, [[12, -8, 58, 48]], atol=1e-4)


def test_every_class_of_a_cell_that_passes_is_a_candidate() -> None:
    outputs = silent_outputs()
    outputs['stride_8'][0, 0, 0, :CLASSES] = [1, 2]
    found = decode(outputs, 0.35)
    assert found.class_ids.tolist() == [0, 1]
    np.testing.assert_array_equal(found.boxes_xyxy[0], found.boxes_xyxy[1])


def test_score_equal_to_the_threshold_passes() -> None:
    outputs = silent_outputs()
    outputs['stride_8'][0, 0, 0, 0] = 0  # a score of exactly 0.5
    assert len(decode(outputs, 0.5)) == 1
    assert len(decode(outputs, np.nextafter(0.5, 1, dtype=np.float32))) == 0


@pytest.mark.parametrize(('dtype', 'zero_point'), [(np.int8, 7), (np.uint8, 200)])
def test_integer_score_equal_to_the_threshold_passes(dtype: type, zero_point: int) -> None:
    outputs = {role: np.zeros(shape, dtype) for role, shape in SHAPES.items()}
    outputs['stride_8'][..., :CLASSES] = zero_point - 1
    outputs['stride_16'][..., :CLASSES] = zero_point - 1
    outputs['stride_8'][0, 0, 1, 1] = zero_point
    found = decode(outputs, 0.5, scale=0.1, zero_point=zero_point)
    assert found.scores.tolist() == [0.5]
    assert len(decode(outputs, 0.51, scale=0.1, zero_point=zero_point)) == 0


def test_threshold_of_one_lets_nothing_pass() -> None:
    outputs = silent_outputs()
    outputs['stride_8'][..., :CLASSES] = 50
    assert len(decode(outputs, 1.0)) == 0
    integers = {role: np.full(shape, 127, np.int8) for role, shape in SHAPES.items()}
    assert len(decode(integers, 1.0)) == 0


def test_no_candidate_is_an_empty_value() -> None:
    found = decode(silent_outputs(), 0.35)
    assert found.boxes_xyxy.shape == (0, 4)
    assert found.scores.shape == (0,)
    assert found.class_ids.shape == (0,)


def test_large_logits_do_not_overflow() -> None:
    outputs = silent_outputs()
    outputs['stride_8'][0, 0, 0] = 1e4
    with np.errstate(all='raise', under='ignore'):
        found = decode(outputs, 0.35)
    assert found.scores.tolist() == [1, 1]
    assert np.all(np.isfinite(found.boxes_xyxy))


@given(
    seed=st.integers(0, 2**32 - 1),
    threshold=st.sampled_from([0.01, 0.05, 0.35, 0.5, 0.9]),
    layout=st.sampled_from(LAYOUTS),
)
def test_decoding_equals_the_definition_in_every_layout(
    seed: int, threshold: float, layout: Callable[..., dict[str, np.ndarray]]
) -> None:
    rng = np.random.default_rng(seed)
    outputs = {role: rng.normal(0, 3, shape).astype(np.float32) for role, shape in SHAPES.items()}
    found = decode(layout(outputs), threshold)
    expected = decode_by_definition(outputs, threshold)
    assert found.class_ids.tolist() == [class_id for _, class_id, _ in expected]
    np.testing.assert_allclose(found.scores, [score for score, _, _ in expected], rtol=1e-5)
    boxes = np.array([box for _, _, box in expected]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, atol=1e-4)


@given(
    seed=st.integers(0, 2**32 - 1),
    threshold=st.sampled_from([0.01, 0.05, 0.35, 0.5, 0.9]),
    dtype=st.sampled_from([np.int8, np.uint8, np.int16]),
    scale=st.sampled_from([1 / 16, 1 / 8, 0.1]),
    layout=st.sampled_from(LAYOUTS),
    scores=st.sampled_from(['logits', 'probabilities']),
)
def test_quantized_output_gives_what_its_floats_give(
    seed: int, threshold: float, dtype: type, scale: float,
    layout: Callable[..., dict[str, np.ndarray]], scores: str,
) -> None:
    rng = np.random.default_rng(seed)
    low, zero_point = (0, 131) if dtype is np.uint8 else (-128, 3)
    stored = {
        role: rng.integers(low, low + 256, shape).astype(dtype) for role, shape in SHAPES.items()
    }
    floats = {
        role: (values.astype(np.float32) - zero_point) * np.float32(scale)
        for role, values in stored.items()
    }
    quantized = decode(layout(stored), threshold, scale, zero_point, scores=scores)
    real = decode(layout(floats), threshold, scores=scores)
    np.testing.assert_array_equal(quantized.class_ids, real.class_ids)
    np.testing.assert_array_equal(quantized.scores, real.scores)
    np.testing.assert_array_equal(quantized.boxes_xyxy, real.boxes_xyxy)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_probabilities_are_scores_as_they_are(
    layout: Callable[..., dict[str, np.ndarray]]
) -> None:
    outputs = silent_outputs()
    for values in outputs.values():
        values[..., :CLASSES] = 0.25
    outputs['stride_16'][0, 0, 1, 0] = 0.75
    found = decode(layout(outputs), 0.75, scores='probabilities')
    assert found.scores.tolist() == [0.75]
    assert len(decode(layout(outputs), 0.25, scores='probabilities')) == 8 * CLASSES
    assert len(decode(layout(outputs), 0.76, scores='probabilities')) == 0


def test_probability_that_was_rounded_above_one_is_one() -> None:
    outputs = {role: np.zeros(shape, np.uint8) for role, shape in SHAPES.items()}
    outputs['stride_8'][0, 0, 0, 0] = 255
    found = decode(outputs, 0.5, scale=1 / 254, scores='probabilities')
    assert found.scores.tolist() == [1]


@pytest.mark.parametrize(
    ('cell_offset', 'box'),
    # Cell (2, 1) of stride 8 at (16, 8), its centre 4 further; the distances are (6, 8, 17, 20).
    [(0.5, (14, 4, 37, 32)), (0, (10, 0, 33, 28)), (0.25, (12, 2, 35, 30))],
)
def test_sides_are_measured_from_the_cell_offset(
    cell_offset: float, box: tuple[int, ...]
) -> None:
    outputs = silent_outputs()
    outputs['stride_8'][0, 1, 2, 1] = 0
    outputs['stride_8'][0, 1, 2, CLASSES:] = SIDES_LOGITS
    found = decode(join(outputs), 0.35, cell_offset=cell_offset)
    np.testing.assert_allclose(found.boxes_xyxy, [box], atol=1e-4)
