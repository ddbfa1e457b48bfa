# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The number formats that a network can be converted to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """
    How a .tflite file stores weights, and what activations are computed in.

    ``code`` stands for it in a model's name. Kernels are integers of ``weight_bits`` on a grid for
    each output channel, unless these are 16 (float16) or 32 (float32).
    """

    code: str
    weight_bits: int
    activations: str
    description: str

    @property
    def needs_pictures(self) -> bool:
        """Whether activations are integers, whose ranges come from calibration pictures."""
        return self.activations != 'float32'


FLOAT32 = Format('fp32', 32, 'float32', 'float32 throughout')
STATIC_INT8 = Format(
    'wi8_ai8', 8, 'int8', 'weights and activations int8: a quarter of the bytes, and fast where '
    'the processor has int8 dot products')
FORMATS = {form.code: form for form in (
    FLOAT32,
    STATIC_INT8,
    Format('wi8', 8, 'float32', 'weights int8, activations float32, rounded picture by picture '
           'inside convolutions: a quarter of the bytes, no calibration'),
    Format('wf16', 16, 'float32', 'weights float16, computed in float32: half the bytes'),
    Format('wi8_ai16', 8, 'int16', 'weights int8, activations int16: nearly exact, but XNNPACK '
           'does not take it: it is slow'),
    Format('wi4_ai8', 4, 'int8', 'weights int4, activations int8: an eighth of the bytes. For '
           'size only: XNNPACK does not take such convolutions, which are slow'),
)}
