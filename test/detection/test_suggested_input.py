# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The labels and the preprocessing of a suggested manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from unknown_models import COCO, model, roles, ssd_model, tensor

from compressed_detector.detection.suggestion import suggest
from compressed_detector.detection.tensors import TensorInfo
from compressed_detector.errors import ModelError


@pytest.mark.parametrize(
    ('labels', 'columns', 'offset', 'count'),
    [
        ((), 91, 0, 90),
        (('person', *COCO, *COCO[:9]), 91, 0, 90),
        (('???', *COCO, *COCO[:10]), 91, 1, 91),
        (('background', *COCO, *COCO[:10]), 91, 1, 91),
        (('person', *COCO, *COCO[:9]), 90, 0, 90),  # without a column for the background
    ],
)
def test_ssd_labels_may_start_with_the_background(
    labels: Sequence[str], columns: int, offset: int, count: int
) -> None:
    manifest = suggest(ssd_model(columns), labels).manifest
    assert manifest.head == 'ssd'
    assert manifest.head_options == {'label_offset': offset}
    assert len(manifest.labels) == count
    assert roles(manifest) == {'boxes': 'b', 'classes': 'd', 'scores': 'a', 'count': 'c'}
    assert manifest.input.resize == 'stretch'


def test_ssd_with_the_labels_of_80_classes_is_refused() -> None:
    with pytest.raises(ModelError, match='with 80 labels; they could be those of ssd with 90'):
        suggest(ssd_model(91), COCO)


@pytest.mark.parametrize(
    ('image', 'mean', 'std'),
    [
        (tensor('image', 1, 300, 300, 3), 127.5, 127.5),
        (tensor('image', 1, 300, 300, 3, dtype='uint8', scale=1 / 128, zero_point=128), 128, 128),
        (tensor('image', 1, 300, 300, 3, dtype='uint8', scale=1 / 128, zero_point=127), 127, 128),
        (tensor('image', 1, 300, 300, 3, dtype='int8', scale=1 / 128, zero_point=-1), 127, 128),
        (tensor('image', 1, 300, 300, 3, dtype='uint8'), 0, 1),
    ],
)
def test_quantization_of_the_input_says_what_pixels_become(
    image: TensorInfo, mean: float, std: float
) -> None:
    spec = suggest(ssd_model(91, image)).manifest.input
    assert spec.mean == (mean,) * 3
    assert spec.std == (std,) * 3


@pytest.mark.parametrize(
    ('quantization', 'std'),
    [
        # Shares of 255, as Ultralytics quantizes.
        ({'dtype': 'int8', 'scale': 1 / 255, 'zero_point': -128}, 255),
        ({'dtype': 'uint8', 'scale': 1 / 250, 'zero_point': 0}, 255),
        # The network divides by 255 itself: 0..1 would use two of its numbers.
        ({'dtype': 'uint8', 'scale': 1.0, 'zero_point': 0}, 1),
        ({'dtype': 'int8', 'scale': 1.0, 'zero_point': -128}, 1),
    ],
)
def test_reference_preprocessing_gives_way_to_an_input_that_takes_pixels(
    quantization: dict[str, Any], std: float
) -> None:
    image = tensor('image', 1, 416, 416, 3, **quantization)
    assert suggest(model((1, 84, 3549), image=image)).manifest.input.std == (std,) * 3
