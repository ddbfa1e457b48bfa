# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Static post-training quantization to int8: weights per channel, activations per tensor."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibration import (
    calibration_inputs,
    check_readable,
    choose_images,
)
from compressed_detector.config import options
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError


@dataclass(frozen=True)
class StaticQuantization:
    """
    The recipe's stage ``quantize``; in a model's name ``wi8_ai8``.

    Ranges of activations are the extremes over calibration pictures (Jacob et al., Quantization
    and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, CVPR 2018).
    """

    weight_bits: int = field(default=8, metadata={
        'description': 'Bits of a weight.', 'minimum': 8, 'maximum': 8,
    })
    activation_bits: int = field(default=8, metadata={
        'description': 'Bits of an activation.', 'minimum': 8, 'maximum': 8,
    })
    calibration_images: int = field(default=100, metadata={
        'description': 'Pictures to take the ranges from.', 'minimum': 1, 'maximum': 10000,
    })
    seed: int = field(default=0, metadata={
        'description': 'Which pictures are chosen.', 'minimum': 0, 'maximum': 2**31 - 1,
    })

    def __post_init__(self) -> None:
        for option in options(type(self)):
            option.check(getattr(self, option.name))

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'wi{self.weight_bits}_ai{self.activation_bits}'

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """
        Have the network converted to int8 with ranges from the user's pictures.

        Raises CompressionError when there are none or one cannot be read.
        """
        if workplace.images is None:
            raise CompressionError('stage quantize needs pictures to calibrate on: --images DIR')
        paths = choose_images(workplace.images, self.calibration_images, self.seed)
        check_readable(paths)

        def inputs() -> Iterator[Floats]:
            return calibration_inputs(
                paths, workplace.architecture, workplace.input_size, workplace.report
            )

        note = {'quantize': {**dataclasses.asdict(self), 'calibration_images': len(paths)}}
        return Build(build.network, inputs, (*build.notes, note))
