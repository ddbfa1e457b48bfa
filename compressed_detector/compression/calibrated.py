# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The options of stages that fit weights to what a network computes on calibration pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibration import (
    calibration_inputs,
    check_readable,
    choose_images,
)
from compressed_detector.compression.convert import Calibration
from compressed_detector.compression.moments import Moments, Sampling, convolution_moments
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import silent
from compressed_detector.compression.training.parameters import Net
from compressed_detector.config.options import Options, option
from compressed_detector.errors import CompressionError

# Returns the moments of the named layers of a network, against those of the reference.
MeasureOf = Callable[[Net, Sequence[str]], Mapping[str, Moments]]
Measure = MeasureOf[Network]


@dataclass(frozen=True)
class Calibrated(Options):
    """Which pictures are looked at, and how much of them."""

    calibration_images: int = option(
        96, 'Pictures to fit the weights on.', minimum=1, maximum=10000)
    positions: int = option(
        256, 'Places of every result that are looked at per picture.', minimum=1, maximum=10000)
    seed: int = option(
        0, 'Which pictures and places are chosen.', minimum=0, maximum=2**31 - 1)

    def pictures(self, workplace: Workplace, stage: str) -> Calibration:
        """
        Return what yields the chosen pictures as the network's inputs, again and again.

        Raises CompressionError when there are no pictures or one cannot be read.
        """
        if workplace.images is None:
            raise CompressionError(f'stage {stage} needs pictures to calibrate on: --images DIR')
        paths = choose_images(workplace.images, self.calibration_images, self.seed)
        check_readable(paths)
        return lambda: calibration_inputs(
            paths, workplace.architecture, workplace.input_size, silent)

    def measure(self, build: Build, workplace: Workplace, stage: str) -> Measure:
        """
        Return what measures moments, with the network of the build so far as the reference.

        Not the dense network: stages before this one may have scaled its channels or removed
        some. Raises CompressionError as pictures does.
        """
        pictures = self.pictures(workplace, stage)
        return lambda network, names: convolution_moments(
            network, build.network, names, pictures(), workplace.input_size,
            Sampling(self.positions, self.seed),
        )


def refuse_ties(build: Build, stage: str) -> None:
    """Raise CompressionError when weights are tied, which a stage that replaces them undoes."""
    if build.forms:
        raise CompressionError(f'stage {stage} replaces weights: expected it before stages that '
                               f'tie them, got ties of {", ".join(sorted(build.forms))}')
