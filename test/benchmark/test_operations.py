# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Operations and bytes of operators, against loops and against what the workshop counts."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from compressed_detector.benchmark.energy import estimate
from compressed_detector.benchmark.operations import Operation, operations
from compressed_detector.benchmark.subjects import read
from compressed_detector.detection.interpreter import LiteInterpreter, Operator
from compressed_detector.detection.tensors import TensorInfo

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / 'models' / 'nanodet_g' / 'nanodet_g_416_wi8_ai8.json'
IMAGE = TensorInfo('image', (1, 8, 6, 4), np.dtype(np.int8))


def tensor(*shape: int, dtype: str = 'int8', name: str = '') -> TensorInfo:
    return TensorInfo(name, shape, np.dtype(dtype))


def of_one(name: str, inputs: list[TensorInfo], output: TensorInfo) -> Operation:
    image = next(item for item in inputs if len(item.shape) > 1 and item.name == 'image')
    (found,) = operations([Operator(name, tuple(inputs), (output,))], image)
    return found


@pytest.mark.parametrize(('name', 'inputs', 'output', 'macs'), [
    # For every value of the result: the weights of one filter.
    ('CONV_2D', [IMAGE, tensor(5, 3, 3, 4), tensor(5, dtype='int32')], (1, 8, 6, 5),
     8 * 6 * 5 * 3 * 3 * 4),
    ('CONV_2D', [IMAGE, tensor(5, 3, 3, 4)], (1, 4, 3, 5), 4 * 3 * 5 * 3 * 3 * 4),
    # In two groups a filter sees half of the channels.
    ('CONV_2D', [IMAGE, tensor(6, 1, 1, 2)], (1, 8, 6, 6), 8 * 6 * 6 * 2),
    ('DEPTHWISE_CONV_2D', [IMAGE, tensor(1, 3, 3, 8)], (1, 8, 6, 8), 8 * 6 * 8 * 3 * 3),
    # Every value of the input goes into a patch of every filter.
    ('TRANSPOSE_CONV', [tensor(4, dtype='int32'), tensor(5, 2, 2, 4), IMAGE], (1, 16, 12, 5),
     8 * 6 * 4 * 2 * 2 * 5),
    ('FULLY_CONNECTED', [tensor(1, 192, name='image'), tensor(10, 192)], (1, 10), 1920),
    ('BATCH_MATMUL', [tensor(2, 3, 7, name='image'), tensor(2, 7, 5)], (2, 3, 5), 2 * 3 * 7 * 5),
    # The second is transposed, and the same for all.
    ('BATCH_MATMUL', [tensor(2, 3, 7, name='image'), tensor(5, 7)], (2, 3, 5), 2 * 3 * 7 * 5),
    ('LEAKY_RELU', [IMAGE], (1, 8, 6, 4), 0),
])
def test_products_are_those_of_the_definition(
    name: str, inputs: list[TensorInfo], output: tuple[int, ...], macs: int
) -> None:
    assert of_one(name, inputs, tensor(*output)).macs == macs


def test_products_of_a_convolution_are_those_of_its_loops() -> None:
    loops = itertools.product(range(4), range(3), range(5), range(3), range(3), range(4))
    convolution = of_one('CONV_2D', [IMAGE, tensor(5, 3, 3, 4)], tensor(1, 4, 3, 5))
    assert convolution.macs == sum(1 for _ in loops)


@pytest.mark.parametrize(('values', 'weights', 'kind'), [
    ('float32', 'float32', 'float32'), ('int8', 'int8', 'int8'), ('int16', 'int8', 'int16'),
    ('float32', 'int8', 'int8'),
])
def test_products_are_as_wide_as_the_runtime_multiplies(
    values: str, weights: str, kind: str
) -> None:
    image = tensor(1, 8, 6, 4, dtype=values, name='image')
    found = of_one('CONV_2D', [image, tensor(5, 1, 1, 4, dtype=weights)], tensor(1, 8, 6, 5))
    assert found.mac_type == kind


def test_bytes_are_counted_where_they_go_and_constants_are_computed_once() -> None:
    halves, weights = tensor(5, 1, 1, 4, dtype='float16'), tensor(5, 1, 1, 4, dtype='float32')
    image = tensor(1, 8, 6, 4, dtype='float32', name='image')
    convolved, activated = (tensor(1, 8, 6, 5, dtype='float32') for _ in range(2))
    found = operations([
        Operator('DEQUANTIZE', (halves,), (weights,)),
        Operator('CONV_2D', (image, weights), (convolved,)),
        Operator('LEAKY_RELU', (convolved,), (activated,)),
    ], image)
    assert [item.name for item in found] == ['CONV_2D', 'LEAKY_RELU']
    assert [(item.weight_bytes, item.read_bytes, item.written_bytes) for item in found] == [
        (80, 768, 960), (0, 960, 960)]
    assert found[0].moved_bytes == 80 + 768 + 960


def test_shipped_model_costs_what_the_workshop_says_it_does() -> None:
    interpreter = LiteInterpreter(read(SHIPPED), 1)
    found = operations(interpreter.operators(), interpreter.input)
    lineage = json.loads(SHIPPED.read_text())['lineage']
    # The workshop does not count the normalization: one product for each value of the image.
    assert sum(item.macs for item in found) == lineage['macs'] + 416 * 416 * 3
    assert {item.mac_type for item in found if item.macs} == {'int8'}
    weights = sum(item.weight_bytes for item in found)
    assert weights == pytest.approx(lineage['size_bytes'], rel=0.03)


def test_energy_is_that_of_the_table_of_the_paper() -> None:
    done = [
        Operation('CONV_2D', '', 1000, 'float32', 400, 800, 1200),
        Operation('CONV_2D', '', 1000, 'int8', 100, 1200, 300),
        Operation('ADD', '', 0, '', 0, 300, 300),
    ]
    found = estimate(done, input_bytes=800, output_bytes=300)
    assert found.arithmetic_mj == pytest.approx((4600 + 300) * 1e-9)
    # Weights, image and result in DRAM at 640 pJ for 4 bytes, the rest in SRAM at 5.
    assert found.dram_mj == pytest.approx(1600 * 160 * 1e-9)
    assert found.sram_mj == pytest.approx((4600 - 1600) * 1.25 * 1e-9)
    assert found.all_dram_mj == pytest.approx(4600 * 160 * 1e-9)
    assert found.low_mj < found.high_mj
