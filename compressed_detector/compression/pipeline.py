# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a recipe to a model that the node can run: the ordered stages and nothing else."""

from __future__ import annotations

from pathlib import Path

from compressed_detector.compression import dense
from compressed_detector.compression.architectures import ARCHITECTURES
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.convert import convert
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.manifests import describe
from compressed_detector.compression.naming import Design
from compressed_detector.compression.progress import Report
from compressed_detector.compression.recipe import Recipe
from compressed_detector.detection.bundle import Bundle


def run(recipe: Recipe, images: Path | None, report: Report) -> Bundle:
    """
    Return the model that a recipe describes, with its manifest.

    ``images`` is a folder of pictures for the stages that need some. Raises CompressionError.
    """
    start = dense.load(recipe.weights)
    return run_design(recipe.design, start, images, report)


def run_design(
    design: Design, start: dense.DenseWeights, images: Path | None, report: Report
) -> Bundle:
    """Return the model of a design, built from dense weights; raises CompressionError."""
    architecture = ARCHITECTURES[design.architecture]
    workplace = Workplace(architecture, design.input_size, images, report)
    build = Build(architecture.build(start.weights))
    for stage in design.stages:
        build = stage.apply(build, workplace)
    report('converting', 0, 1)
    model = build_model(build.network, design.input_size)
    converted = convert(model, tuple(build.network.outputs), build.calibration)
    report('converting', 1, 1)
    return describe(design, converted, build, start.provenance)
