# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that trains a network for the numbers that it will be computed in."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibrated import Calibrated
from compressed_detector.compression.convert import Conversion
from compressed_detector.compression.distill import Distill, Pupil
from compressed_detector.compression.fake_quant import rounded_activations, rounded_weights
from compressed_detector.compression.formats import FORMATS
from compressed_detector.compression.ranges import calibrate
from compressed_detector.config.options import option
from compressed_detector.errors import CompressionError


@dataclass(frozen=True)
class QuantizationAware(Distill):
    """
    The recipe's stage ``quantization_aware``; in a model's name ``qat8x4`` after 4 epochs.

    It learns from the dense network as ``distill`` does, with weights and activations rounded
    (Jacob et al., CVPR 2018; see fake_quant). Ranges of activations are calibrated once, before;
    the stage ``quantize`` takes them over. Follow it with ``quantize`` of the same format.
    """

    key: ClassVar[str] = 'quantization_aware'

    epochs: int = option(4, 'How often every picture is seen.', minimum=1, maximum=1000)
    learning_rate: float = option(5e-5, 'Largest step size.', minimum=1e-7, maximum=1.0)
    weight_bits: int = option(
        8, 'Bits of a weight; activations have 8.', minimum=4, maximum=8)
    calibration_images: int = option(
        100, 'Pictures to take the ranges from.', minimum=1, maximum=10000)

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'qat{self.weight_bits}x{self.epochs}'

    def pupil(self, build: Build, workplace: Workplace) -> Pupil:
        """Return the network with rounded weights and activations."""
        form = FORMATS.get(f'wi{self.weight_bits}_ai8')
        if form is None:
            raise CompressionError(
                f'stage {self.key}: expected weight_bits of 4 or 8, got {self.weight_bits}')
        seen = Calibrated(calibration_images=self.calibration_images, seed=self.seed)
        pictures = seen.pictures(workplace, self.key)
        ranges = calibrate(build.network, workplace.input_size, pictures())
        rounded = dataclasses.replace(build, conversion=Conversion(form, ranges))
        return Pupil(rounded, rounded_activations(ranges), rounded_weights(self.weight_bits))
