# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that decides in what numbers the network is stored and computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from compressed_detector.compression.bias_correction import correct_biases
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibrated import Calibrated, refuse_ties
from compressed_detector.compression.calibration import choose_images
from compressed_detector.compression.convert import Calibration, Conversion
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.formats import FLOAT32, FORMATS, STATIC_INT8, Format
from compressed_detector.compression.grid_rounding import round_kernels
from compressed_detector.compression.network import Network
from compressed_detector.compression.ranges import calibrate
from compressed_detector.config.options import option
from compressed_detector.detection.types import Floats
from compressed_detector.errors import CompressionError

STAGE = 'quantize'
QUANTIZED = tuple(code for code in FORMATS if code != FLOAT32.code)
NEAREST, LEAST_ERROR = 'nearest', 'least_error'
# Enough for means over all places of a result.
MEAN_PICTURES = 32


@dataclass(frozen=True)
class Quantize(Calibrated):
    """
    The recipe's stage ``quantize``; in a model's name the format, such as ``wi8_ai8``.

    Ranges of activations come from calibration pictures (Jacob et al., Quantization and Training
    of Neural Networks for Efficient Integer-Arithmetic-Only Inference, CVPR 2018; see ranges).
    """

    format: str = option(
        STATIC_INT8.code,
        '; '.join(f'{code}: {FORMATS[code].description}' for code in QUANTIZED) + '.',
        choices=QUANTIZED,
    )
    calibration_images: int = option(
        100, 'Pictures to take the ranges from.', minimum=1, maximum=10000)
    rounding: str = option(
        NEAREST, 'Integer weights: each to the nearest, or so that results change least (GPTQ).',
        choices=(NEAREST, LEAST_ERROR))
    bias_correction: bool = option(
        False, 'Have biases make up for the mean error of rounded weights.')

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return self.format

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        form = FORMATS[self.format]
        looked = forecast.measured(self.calibration_images) if form.needs_pictures else forecast
        return looked.then(bits=min(forecast.bits, float(form.weight_bits)))

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """
        Round weights as the options say, and have the network converted to the format.

        Ranges that a stage before this one trained for are kept. Raises CompressionError when
        pictures are needed but there are none or one cannot be read.
        """
        form = FORMATS[self.format]
        network = self._rounded(build, workplace, form)
        if form.activations == 'float32':
            conversion = Conversion(form)
        elif form.activations == 'int16':
            conversion = Conversion(form, calibration=self._reported(workplace))
        else:
            conversion = Conversion(form, build.conversion.ranges or calibrate(
                network, workplace.input_size, self._reported(workplace)()))
        note = dataclasses.asdict(self)
        if workplace.images is not None:
            seen = choose_images(workplace.images, self.calibration_images, self.seed)
            note['calibration_images'] = len(seen)
        return build.then({STAGE: note}, network=network, conversion=conversion)

    def _rounded(self, build: Build, workplace: Workplace, form: Format) -> Network:
        """Return the network with weights that the converter rounds to themselves."""
        network = build.network
        if self.rounding == NEAREST and not self.bias_correction:
            return network  # the converter does as well
        if form.weight_bits > 8:
            raise CompressionError(
                f'stage {STAGE}: expected a format of integer weights for rounding and '
                f'bias_correction, got {self.format}')
        if self.rounding == LEAST_ERROR:
            refuse_ties(build, STAGE)
            names = [conv.name for conv in network.convolutions]
            moments = self.measure(build, workplace, STAGE)(network, names)
            network = round_kernels(network, moments, form.weight_bits)
        if self.bias_correction:
            pictures = list(islice(self.pictures(workplace, STAGE)(), MEAN_PICTURES))
            network = correct_biases(
                build.network, network, form.weight_bits, pictures, workplace.report)
        return network

    def _reported(self, workplace: Workplace) -> Calibration:
        """Return what yields the chosen pictures and says how far it is."""
        pictures = self.pictures(workplace, STAGE)

        def inputs() -> Iterator[Floats]:
            for number, picture in enumerate(pictures(), start=1):
                yield picture
                workplace.report('calibrating', number, self.calibration_images)

        return inputs
