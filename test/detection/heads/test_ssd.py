# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The outputs of TFLite_Detection_PostProcess: order of sides, count, labels, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressed_detector.detection.heads.ssd import SsdHead
from compressed_detector.detection.tensors import Tensor
from compressed_detector.detection.types import Detections
from compressed_detector.errors import ModelError

SIZE = (300, 200)
SHAPES = {'boxes': (1, 4, 4), 'classes': (1, 4), 'scores': (1, 4), 'count': (1,)}
# Top, left, bottom, right.
BOXES = [[0.1, 0.2, 0.5, 0.4], [0, 0, 1, 1], [-0.05, 0.9, 0.25, 1.1], [0, 0, 0, 0]]
BOXES_XYXY = [[60, 20, 120, 100], [0, 0, 300, 200], [270, -10, 330, 50], [0, 0, 0, 0]]
CLASSES = [2, 0, 1, 0]
SCORES = [0.75, 0.5, 0.375, 0.25]


def outputs(count: float = 4, **changes: Any) -> dict[str, np.ndarray]:
    values = {'boxes': [BOXES], 'classes': [CLASSES], 'scores': [SCORES], 'count': [count]}
    return {role: np.array(value, np.float32) for role, value in {**values, **changes}.items()}


def decode(
    values: dict[str, np.ndarray], threshold: float, num_classes: int = 3, **options: Any
) -> Detections:
    head = SsdHead({role: value.shape for role, value in values.items()}, num_classes, SIZE,
                   **options)
    return head.decode({role: Tensor(value) for role, value in values.items()}, threshold)


def test_sides_are_reordered_and_scaled_to_the_input() -> None:
    found = decode(outputs(), 0.2)
    np.testing.assert_allclose(found.boxes_xyxy, BOXES_XYXY, atol=1e-4)
    assert found.class_ids.tolist() == CLASSES
    assert found.scores.tolist() == SCORES


def test_score_equal_to_the_threshold_passes() -> None:
    assert decode(outputs(), 0.5).scores.tolist() == [0.75, 0.5]
    assert decode(outputs(), 0.51).scores.tolist() == [0.75]


@pytest.mark.parametrize('count', [0, 1, 3, 4])
def test_rows_beyond_the_count_are_leftovers(count: int) -> None:
    found = decode(outputs(count), 0.1)
    assert found.scores.tolist() == SCORES[:count]
    assert found.boxes_xyxy.shape == (count, 4)
    assert found.class_ids.shape == (count,)


def test_count_that_is_no_number_counts_nothing() -> None:
    assert len(decode(outputs(np.nan), 0.1)) == 0


def test_label_offset_skips_the_line_of_the_background() -> None:
    assert decode(outputs(), 0.2, num_classes=4, label_offset=1).class_ids.tolist() == [3, 1, 2, 1]


@pytest.mark.parametrize(
    ('classes', 'num_classes', 'options', 'label'),
    [
        (CLASSES, 2, {}, '2'),
        (CLASSES, 3, {'label_offset': 1}, '3'),
        ([0, 0, -1, 0], 3, {}, '-1'),
        ([0, 89, 0, 0], 80, {}, '89'),  # COCO's ids and the list of its 80 classes
        ([0, 0, np.nan, 0], 3, {}, 'nan'),
    ],
)
def test_object_without_a_label_is_not_hidden(
    classes: list[float], num_classes: int, options: dict[str, Any], label: str
) -> None:
    with pytest.raises(
        ModelError, match=f'ssd head: the network detected label {label}, but the manifest has '
        f'{num_classes} labels; give one label for every id'
    ):
        decode(outputs(classes=[classes]), 0.2, num_classes=num_classes, **options)


def test_unlabelled_row_below_the_threshold_or_beyond_the_count_is_of_no_matter() -> None:
    assert len(decode(outputs(classes=[[0, 0, 0, 99]]), 0.3)) == 3
    assert len(decode(outputs(3, classes=[[0, 0, 0, 99]]), 0.1)) == 3


def test_score_above_one_is_one() -> None:
    found = decode(outputs(scores=[[1.0000001, 0.5, 0, 0]]), 0.5)
    assert found.scores.tolist() == [1, 0.5]


@given(
    seed=st.integers(0, 2**32 - 1),
    threshold=st.sampled_from([0.01, 0.35, 0.5, 0.9]),
    dtype=st.sampled_from([np.int8, np.uint8]),
)
def test_quantized_outputs_give_what_their_floats_give(
    seed: int, threshold: float, dtype: type
) -> None:
    rng = np.random.default_rng(seed)
    low = 0 if dtype is np.uint8 else -128
    scales = {'boxes': 1 / 200, 'classes': 1, 'scores': 1 / 256, 'count': 1}
    tops = {'boxes': 256, 'classes': 3, 'scores': 256, 'count': 5}
    stored = {
        role: Tensor((rng.integers(0, tops[role], shape) + low).astype(dtype), scales[role], low)
        for role, shape in SHAPES.items()
    }
    floats = {role: Tensor(tensor.real(tensor.values)) for role, tensor in stored.items()}
    head = SsdHead(SHAPES, 3, SIZE)
    quantized, real = head.decode(stored, threshold), head.decode(floats, threshold)
    np.testing.assert_array_equal(quantized.class_ids, real.class_ids)
    np.testing.assert_array_equal(quantized.scores, real.scores)
    np.testing.assert_array_equal(quantized.boxes_xyxy, real.boxes_xyxy)


@pytest.mark.parametrize(
    ('shapes', 'message'),
    [
        ({'boxes': (1, 4, 4)},
         r"outputs \['boxes', 'classes', 'count', 'scores'\], got \['boxes'\]"),
        ({**SHAPES, 'masks': (1, 4, 9)}, "got .*'masks'"),
        ({**SHAPES, 'boxes': (1, 5, 4)}, r"boxes of shape \(1, N, 4\), .*'boxes': \(1, 5, 4"),
        ({**SHAPES, 'boxes': (1, 4, 5)}, 'boxes of shape'),
        ({**SHAPES, 'boxes': (4, 4)}, 'boxes of shape'),
        ({**SHAPES, 'classes': (1, 4, 1)}, r'classes and scores of \(1, N\)'),
        ({**SHAPES, 'scores': (4,)}, r'classes and scores of \(1, N\)'),
        ({**SHAPES, 'count': (2,)}, r'count of \(1,\)'),
        ({**SHAPES, 'count': ()}, r'count of \(1,\)'),
        ({'boxes': (1, 0, 4), 'classes': (1, 0), 'scores': (1, 0), 'count': (1,)}, 'boxes of'),
        # The roles of two outputs are exchanged.
        ({**SHAPES, 'boxes': (1, 4), 'scores': (1, 4, 4)}, 'boxes of shape'),
    ],
)
def test_outputs_that_do_not_fit_are_refused(
    shapes: dict[str, tuple[int, ...]], message: str
) -> None:
    SsdHead(SHAPES, 3, SIZE)
    with pytest.raises(ModelError, match=f'ssd head: expected .*{message}'):
        SsdHead(shapes, 3, SIZE)


@pytest.mark.parametrize('label_offset', [-1, 0.5, True, '1', None])
def test_label_offset_that_is_no_count_is_refused(label_offset: Any) -> None:
    with pytest.raises(ModelError, match='ssd head: expected a label_offset of 0 or more, got'):
        SsdHead(SHAPES, 3, SIZE, label_offset=label_offset)
