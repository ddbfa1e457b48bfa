# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Detectors on recordings, one after the other."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.camera_model import Mounting
from compressed_detector.detection.detector import Detector
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation import coco
from compressed_detector.evaluation.detector_run import CameraRun, Usage, compared, together
from compressed_detector.evaluation.hog import HogDetector
from compressed_detector.evaluation.offline import ImageDetector, run_offline
from compressed_detector.evaluation.places import Geometry
from compressed_detector.evaluation.recording import Recording
from compressed_detector.evaluation.scene import Scene, open_scene
from compressed_detector.resources import model_folders

HOG = 'hog'


@dataclass(frozen=True)
class Model:
    """A detector by the name that its results have; ``manifest`` is None for hog."""

    name: str
    manifest: Path | None

    def load(self, num_threads: int) -> ImageDetector:
        """Open it; raises ModelError and EvaluationError."""
        if self.manifest is None:
            return HogDetector()
        return Detector.load(self.manifest, num_threads)


@dataclass(frozen=True, eq=False)
class ModelRuns:
    """Everything that one model said."""

    labels: tuple[str, ...]
    runs: Sequence[CameraRun]
    recordings: Sequence[Recording]
    usage: Usage


class Progress(Protocol):
    """As cli.progress.Progress."""

    def __call__(self, task: str, done: int, total: int, detail: str = '', /) -> None:
        """Show it."""


class Runner(Protocol):
    """Lets a detector look at the scenes, and returns its labels, its runs and their costs."""

    def __call__(
        self, model: Model, scenes: Mapping[str, Scene], progress: Progress
    ) -> tuple[tuple[str, ...], list[CameraRun], list[Usage]]:
        """Do so."""


def find_models(names: Sequence[str]) -> list[Model]:
    """Return the models that are meant; raises ModelError and EvaluationError."""
    models = []
    for name in names:
        manifest = None if name == HOG else find_manifest(name, model_folders())
        models.append(Model(name if manifest is None else manifest.stem, manifest))
    known = [model.name for model in models]
    if repeated := sorted({name for name in known if known.count(name) > 1}):
        raise EvaluationError(f'--models: expected models of different names, got {repeated} '
                              'more than once; copy or rename one')
    return models


def open_scenes(
    paths: Sequence[Path], topics: Sequence[str], truths: Sequence[str],
    mounting: Mounting | None,
) -> dict[str, Scene]:
    """Open all recordings, by names that differ; raises EvaluationError and BagError."""
    scenes: dict[str, Scene] = {}
    for path in paths:
        scene = open_scene(path, topics, truths, mounting)
        name, number = scene.source.name, 2
        while name in scenes:
            name, number = f'{scene.source.name}_{number}', number + 1
        scenes[name] = scene
    return scenes


def offline(num_threads: int, score_threshold: float) -> Runner:
    """Return what runs models in this process; the threshold is the robot's."""
    everything = settings_for(score_threshold)
    robot = dataclasses.replace(everything, score_threshold=score_threshold)

    def run(
        model: Model, scenes: Mapping[str, Scene], progress: Progress
    ) -> tuple[tuple[str, ...], list[CameraRun], list[Usage]]:
        detector = model.load(num_threads)
        runs, usages = [], []
        for name, scene in scenes.items():
            found, usage = run_offline(
                name, scene.source, detector, robot, everything,
                functools.partial(progress, f'{model.name}: {name}'))
            runs += found
            usages.append(usage)
        return detector.labels, runs, usages
    return run


def run_model(
    runner: Runner, model: Model, scenes: Mapping[str, Scene], mounting: Mounting | None,
    progress: Progress,
) -> ModelRuns:
    """Let a model look at all scenes, and put what it says beside the truth."""
    labels, runs, usages = runner(model, scenes, progress)
    recordings = [
        compared(run, scenes[run.source].truths.get(run.camera),
                 geometry(scenes[run.source], run.camera, mounting))
        for run in runs
    ]
    return ModelRuns(labels, runs, recordings, together(usages))


def geometry(scene: Scene, camera: str, mounting: Mounting | None) -> Geometry | None:
    """Return how a camera sees the floor, None where nobody said how it is mounted."""
    if mounting is None:
        return None
    model = scene.source.calibration(camera)
    if model is None:
        raise EvaluationError(
            f'{scene.source.name}: expected a camera_info beside {camera}, without which '
            '--camera-height gives no distances; record it, or leave out --camera-height')
    return Geometry(model, mounting)


def settings_for(score_threshold: float) -> DetectionSettings:
    """Return settings with which nearly everything is reported: precision is over all scores."""
    usual = coco.SETTINGS
    return DetectionSettings(
        score_threshold=min(usual.score_threshold, score_threshold),
        nms_iou_threshold=usual.nms_iou_threshold, max_detections=usual.max_detections,
    )
