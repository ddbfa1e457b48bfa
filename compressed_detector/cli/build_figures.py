# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What every stage of a build cost and won, measured in one run against the dense network."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compressed_detector.cli.progress import Progress, progress_of
from compressed_detector.compression.archiving import pack
from compressed_detector.compression.build import Build
from compressed_detector.compression.cost import cost
from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.detector import Detector
from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.evaluation import agreement, coco, latency

ROUNDS = 30
THREADS = (1, 2)


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

    ``annotations`` and ``images_dir`` are for the average precision, ``held_out`` are pictures
    to compare with the dense network on; without them these figures are missing.
    """

    def __init__(
        self, annotations: Path | None, images_dir: Path | None, held_out: list[Path],
        progress: Progress,
    ) -> None:
        self._progress = progress
        self._annotations, self._images_dir = annotations, images_dir
        self._held_out = held_out
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
        for threads in THREADS:
            times = latency.latencies_ms({'dense': self.first.bundle, 'model': bundle}, threads,
                                         ROUNDS, progress_of(task, self._progress))
            ratio = times['model'] / times['dense']
            figures[f'latency_ratio_{threads}thread'] = round(ratio, 4)
        self.stages.append({**figures, **self._precision(bundle, task),
                            **self.judge(bundle)})

    def judge(self, bundle: Bundle) -> Mapping[str, float]:
        """Return how much a model agrees with the dense network on held-out pictures."""
        if not self._held_out:
            return {}
        if self._teacher is None:
            self._teacher = agreement.Teacher(detector_of(self.first.bundle), self._held_out)
        return {'agreement': round(self._teacher.agreement(detector_of(bundle)), 4)}

    def metrics(self) -> dict[str, Any]:
        """Return the figures of the last stage, those of the dense network, and of all."""
        last = {key: value for key, value in self.stages[-1].items() if key != 'stage'}
        dense = {f'{key}_dense': self.stages[0][key] for key in ('ap', 'ap50')
                 if key in self.stages[0]}
        return {**last, **dense, 'stages': self.stages}

    def _precision(self, bundle: Bundle, task: str) -> dict[str, float]:
        if self._annotations is None or self._images_dir is None:
            return {}
        result = coco.average_precision(
            _detect(bundle), bundle.manifest.labels, self._annotations, self._images_dir,
            progress_of(task, self._progress),
        )
        return {'ap': round(result.ap, 4), 'ap50': round(result.ap50, 4)}


def detector_of(bundle: Bundle) -> Detector:
    """Return a detector that uses all cores."""
    return Detector(bundle, LiteInterpreter(bundle.model, os.cpu_count() or 1))


def _detect(bundle: Bundle) -> coco.Detect:
    detector = detector_of(bundle)
    return lambda image: detector.detect(image, coco.SETTINGS)
