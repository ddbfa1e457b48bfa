# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured of a network before parts of it are chosen to go."""

from __future__ import annotations

from collections.abc import Mapping

from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.calibrated import Calibrated
from compressed_detector.compression.curvature import draw_for, output_curvatures
from compressed_detector.compression.moments import Doubles, Moments

# By convolution: the moments of its inputs, and how the outputs respond to its errors.
Evidence = Mapping[str, tuple[Moments, Doubles]]


def gather(stage: Calibrated, build: Build, workplace: Workplace, name: str) -> Evidence:
    """
    Return the evidence of all convolutions, for the stage of this name.

    Raises CompressionError when there are no pictures.
    """
    network, report = build.network, workplace.report
    report('measuring layers', 0, 2)
    curvatures = output_curvatures(
        network, stage.pictures(workplace, name)(), workplace.input_size,
        draw_for(workplace.architecture), stage.seed,
    )
    report('measuring layers', 1, 2)
    measure = stage.measure(build, workplace, name)
    moments = measure(network, [conv.name for conv in network.convolutions])
    report('measuring layers', 2, 2)
    return {key: (of_layer, curvatures[key]) for key, of_layer in moments.items()}
