# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""From a recipe to a model that the node can run: the ordered stages and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from compressed_detector.compression import dense
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.convert import convert
from compressed_detector.compression.cost import cost
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.labels import Labels
from compressed_detector.compression.manifests import describe
from compressed_detector.compression.naming import Design
from compressed_detector.compression.progress import Report
from compressed_detector.compression.recipe import Recipe
from compressed_detector.compression.workshop_folder import WorkshopFolder
from compressed_detector.detection.bundle import Bundle


@dataclass(frozen=True, eq=False)
class Order:
    """
    How a design is to be built.

    ``images`` is a folder of pictures for the stages that need some. Finished stages, and
    training as far as it is, are kept in ``folder``, and taken from there. ``judge`` returns
    figures of a network in float32. ``labels`` say what is on some of the pictures, for the
    stages that learn.
    """

    images: Path | None
    report: Report
    folder: WorkshopFolder | None = None
    judge: Callable[[Bundle], Mapping[str, float]] | None = None
    labels: Labels | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """What there is after a stage; before the first one, ``code`` is empty."""

    code: str
    build: Build


def run(recipe: Recipe, order: Order) -> Bundle:
    """Return the model that a recipe describes, with its manifest; raises CompressionError."""
    return run_design(recipe.design, dense.load(recipe.weights), order)


def run_design(design: Design, start: dense.DenseWeights, order: Order) -> Bundle:
    """Return the model of a design, built from dense weights; raises CompressionError."""
    *_, last = steps(design, start, order)
    return finish(design, last.build, start, order.report)


def steps(design: Design, start: dense.DenseWeights, order: Order) -> Iterator[Step]:
    """Yield the dense network, then what it is after every stage; raises CompressionError."""
    architecture = design.kind
    network = architecture.build(start.weights)
    build = Build(network)
    yield Step('', build)

    def judge(candidate: Build) -> Mapping[str, float]:
        assert order.judge is not None
        plain = dataclasses.replace(design, stages=())
        return order.judge(finish(plain, candidate, start, order.report))

    workplace = Workplace(
        architecture, design.input_size, order.images, order.report, network,
        judge=judge if order.judge else None, labels=order.labels,
    )
    for number, stage in enumerate(design.stages):
        if order.folder is None:
            build = stage.apply(build, workplace)
        else:
            build = order.folder.stage(design, start, number, build, workplace)
        yield Step(stage.code, build)


def forecasts(
    design: Design, start: dense.DenseWeights, pictures: int
) -> Iterator[tuple[str, Forecast]]:
    """Yield what is expected of the dense network, then of every stage, each with its code."""
    figures = cost(design.kind.build(start.weights), design.input_size)
    forecast = Forecast(figures.macs, figures.params, figures.macs)
    yield 'dense', forecast
    for stage in design.stages:
        forecast = stage.forecast(forecast, pictures)
        yield stage.code, forecast


def finish(
    design: Design, build: Build, start: dense.DenseWeights, report: Report
) -> Bundle:
    """Convert what was built, and describe it; raises CompressionError."""
    report('converting', 0, 1)
    converted = convert(build.network, design.input_size, build.conversion)
    report('converting', 1, 1)
    return describe(design, converted, build, start.provenance)
