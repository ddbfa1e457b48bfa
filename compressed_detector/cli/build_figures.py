# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What every stage of a build cost and won, measured in one run against the dense network."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compressed_detector.annotations import CocoData
from compressed_detector.benchmark.contenders import contender, latencies
from compressed_detector.benchmark.pinning import processors
from compressed_detector.benchmark.timing import Plan, ratio
from compressed_detector.cli.progress import Progress, progress_of
from compressed_detector.compression.archiving import pack
from compressed_detector.compression.build import Build
from compressed_detector.compression.convert import Conversion, convert
from compressed_detector.compression.cost import cost
from compressed_detector.compression.formats import FLOAT32, STATIC_INT8
from compressed_detector.compression.ranges import calibrate
from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.detection.types import Detections
from compressed_detector.evaluation import agreement, coco

TURNS = Plan(turns=8, runs=2)
THREADS = (1, 2)
# Of the paired bootstrap.
SAMPLES = 200


@dataclass(frozen=True, eq=False)
class Examined:
    """What there is after a stage: the build, its input size, and the model it converts to."""

    code: str
    input_size: int
    build: Build
    bundle: Bundle


class Examination:
    """
    Collects the figures of every stage; the first one that is added is the dense network.

    ``truth`` is for the average precision, ``held_out`` are pictures to compare with the dense
    network on; without them these figures are missing. Of what that network sees there,
    ``labels`` count, which are those of the network that is built.
    """

    def __init__(
        self, truth: CocoData | None, held_out: list[Path], labels: Sequence[str],
        progress: Progress,
    ) -> None:
        self._progress = progress
        self._truth, self._held_out, self._labels = truth, held_out, labels
        self._found: list[Detections] = []
        self._teacher: agreement.Teacher | None = None
        self._examined: list[Examined] = []
        self.stages: list[dict[str, Any]] = []

    @property
    def first(self) -> Examined:
        """The dense network."""
        return self._examined[0]

    @property
    def last(self) -> Examined:
        """What was built."""
        return self._examined[-1]

    def add(self, examined: Examined) -> None:
        """Measure what a stage made, in turns with the dense network."""
        self._examined.append(examined)
        bundle, task = examined.bundle, f'measuring {examined.code}'
        figures: dict[str, Any] = {
            'stage': examined.code,
            'size_bytes': len(bundle.model),
            'archive_bytes': len(pack(bundle)),
            **dataclasses.asdict(cost(examined.build.network, examined.input_size)),
        }
        self.stages.append({**figures, **self._latencies(examined, task),
                            **self._precision(bundle, task), **self._agreement(bundle)})

    def judge(self, bundle: Bundle) -> Mapping[str, float]:
        """Return how much a model agrees with the dense network on held-out pictures."""
        teacher = self._the_teacher()
        if teacher is None:
            return {}
        return {'agreement': round(teacher.agreement(detector_of(bundle)), 4)}

    def metrics(self) -> dict[str, Any]:
        """Return the figures of the last stage, those of the dense network, and of all."""
        last = {key: value for key, value in self.stages[-1].items() if key != 'stage'}
        dense = {f'{key}_dense': self.stages[0][key] for key in ('ap', 'ap50')
                 if key in self.stages[0]}
        return {**last, **dense, 'stages': self.stages}

    def _the_teacher(self) -> agreement.Teacher | None:
        if self._teacher is None and self._held_out:
            self._teacher = agreement.Teacher(
                detector_of(self.first.bundle), self._held_out, self._labels)
        return self._teacher

    def _agreement(self, bundle: Bundle) -> dict[str, Any]:
        """Return the agreement and, from the second stage on, its change with a 95 % interval."""
        teacher = self._the_teacher()
        if teacher is None:
            return {}
        before, self._found = self._found, teacher.detections(detector_of(bundle))
        figures: dict[str, Any] = {'agreement': round(teacher.precision(self._found), 4)}
        if before:
            change = teacher.difference(before, self._found, SAMPLES, seed=0)
            figures['agreement_change'] = [round(value, 4) for value in change]
        return figures

    def _latencies(self, examined: Examined, task: str) -> dict[str, float]:
        """Return times as ratios to the dense network's: as it is and, if in float32, as int8."""
        models = {'dense': self.first.bundle.model, '': examined.bundle.model}
        if examined.build.conversion.format is FLOAT32:
            models['_int8'] = _as_int8(examined)
        figures = {}
        for threads in (count for count in THREADS if count <= processors()):
            times = latencies(
                [contender(name, model) for name, model in models.items()], threads, TURNS,
                progress_of(task, self._progress))
            dense_ms = times.pop('dense')
            figures.update({
                f'latency_ratio_{threads}thread{name}': round(ratio(times_ms, dense_ms).value, 4)
                for name, times_ms in times.items()})
        return figures

    def _precision(self, bundle: Bundle, task: str) -> dict[str, float]:
        if self._truth is None:
            return {}
        result = coco.average_precision(
            _detect(bundle), bundle.manifest.labels, self._truth,
            progress_of(task, self._progress),
        )
        return {'ap': round(result.ap, 4), 'ap50': round(result.ap50, 4)}


def _as_int8(examined: Examined) -> bytes:
    """Return a model that takes as long in int8 as a calibrated one; what it says is nothing."""
    network, size = examined.build.network, examined.input_size
    noise = np.random.default_rng(0).uniform(0, 255, (1, size, size, network.input_channels))
    ranges = calibrate(network, size, [noise.astype(np.float32)])
    return convert(network, size, Conversion(STATIC_INT8, ranges)).tflite


def detector_of(bundle: Bundle) -> Detector:
    """Return a detector that uses all cores."""
    return Detector(bundle, LiteInterpreter(bundle.model, os.cpu_count() or 1))


def _detect(bundle: Bundle) -> coco.Detect:
    detector = detector_of(bundle)
    return lambda image: detector.detect(image, coco.SETTINGS)
