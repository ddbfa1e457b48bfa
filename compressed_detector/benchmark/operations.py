# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a .tflite model computes and moves, operator by operator, from the shapes of its tensors.

Of any model, not only ours: nothing but what the runtime says about its operators is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compressed_detector.detection.interpreter import Operator
from compressed_detector.detection.tensors import TensorInfo


@dataclass(frozen=True)
class Operation:
    """
    One operator for one image.

    ``macs``: multiply-accumulates, 0 of an operator that has none, as wide as the wider of its
    operands: ``mac_type`` is float32, int16 or int8. Bytes are those of its constants, and of what
    else it reads and writes, each once; int4 is counted as int8. ``weights``: the name of the
    tensor with what values are multiplied by.
    """

    name: str
    output: str
    macs: int
    mac_type: str
    weight_bytes: int
    read_bytes: int
    written_bytes: int
    weights: str = ''

    @property
    def moved_bytes(self) -> int:
        """What goes through memory if nothing stays in a cache."""
        return self.weight_bytes + self.read_bytes + self.written_bytes


def operations(operators: Sequence[Operator], image: TensorInfo) -> tuple[Operation, ...]:
    """
    Return what each operator costs for a batch of one, as the network is given an image.

    What does not depend on the image is a constant, and operators that compute constants are left
    out. The operators are those of one interpreter: their tensors are the same objects where they
    are the same tensors.
    """
    found: list[Operation] = []
    variable: set[int] = set()
    for operator in operators:
        reads = [tensor for tensor in operator.inputs if id(tensor) in variable or tensor == image]
        if reads:
            variable.update(map(id, operator.outputs))
            found.append(_operation(operator, reads))
    return tuple(found)


def _operation(operator: Operator, reads: Sequence[TensorInfo]) -> Operation:
    macs = MACS.get(operator.name, _none)(operator)
    read_bytes = sum(map(_size, reads))
    return Operation(
        name=operator.name,
        output=operator.outputs[0].name if operator.outputs else '',
        macs=macs,
        mac_type=_mac_type(operator) if macs else '',
        weight_bytes=sum(map(_size, operator.inputs)) - read_bytes,
        read_bytes=read_bytes,
        written_bytes=sum(map(_size, operator.outputs)),
        weights=_operands(operator)[1].name if macs else '',
    )


def _size(tensor: TensorInfo) -> int:
    return math.prod(tensor.shape) * tensor.dtype.itemsize


def _mac_type(operator: Operator) -> str:
    """Return what the products are of: integers if the weights are, and as wide as the values."""
    values, weights = _operands(operator)
    if weights.dtype.kind == 'f':
        return 'float32'
    # Weights of 8 bits and values in float32: these are rounded to 8 bits, image by image.
    return 'int16' if values.dtype.kind == 'i' and values.dtype.itemsize == 2 else 'int8'


def _operands(operator: Operator) -> tuple[TensorInfo, TensorInfo]:
    """Return values and weights; of a transposed convolution the first input is a shape."""
    if operator.name == 'TRANSPOSE_CONV':
        return operator.inputs[2], operator.inputs[1]
    return operator.inputs[0], operator.inputs[1]


def _none(operator: Operator) -> int:
    return 0


def _convolution(operator: Operator) -> int:
    # Weights are (out, height, width, in), where in is that of one group: for every output value
    # as many products as one filter has weights.
    _, height, width, channels = operator.inputs[1].shape
    return math.prod(operator.outputs[0].shape) * height * width * channels


def _depthwise(operator: Operator) -> int:
    _, height, width, _ = operator.inputs[1].shape  # (1, height, width, out)
    return math.prod(operator.outputs[0].shape) * height * width


def _transposed(operator: Operator) -> int:
    filters, height, width, _ = operator.inputs[1].shape  # (out, height, width, in)
    return math.prod(operator.inputs[2].shape) * height * width * filters


def _fully_connected(operator: Operator) -> int:
    return math.prod(operator.outputs[0].shape) * operator.inputs[1].shape[-1]


def _matrix_product(operator: Operator) -> int:
    # Each value of the result sums over what the first has per row, or per column if it is to be
    # transposed, which the runtime does not say: what both numbers of values allow tells.
    first, second = (math.prod(tensor.shape) for tensor in operator.inputs[:2])
    result = operator.outputs[0].shape
    rows, columns, batch = result[-2], result[-1], math.prod(result[:-2])
    return batch * rows * columns * max(first // (batch * rows), second // (batch * columns))


MACS: dict[str, Callable[[Operator], int]] = {
    'CONV_2D': _convolution,
    'DEPTHWISE_CONV_2D': _depthwise,
    'TRANSPOSE_CONV': _transposed,
    'FULLY_CONNECTED': _fully_connected,
    'BATCH_MATMUL': _matrix_product,
}
