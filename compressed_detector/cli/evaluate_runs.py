# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""What models say about one recording: of several, each may be looked at elsewhere."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.bundle import find_manifest
from compressed_detector.detection.camera_model import Mounting
from compressed_detector.detection.detector import Detector
from compressed_detector.errors import EvaluationError
from compressed_detector.evaluation import coco
from compressed_detector.evaluation.detector_run import CameraRun, Usage, compared
from compressed_detector.evaluation.hog import HogDetector
from compressed_detector.evaluation.kept_answers import Answers
from compressed_detector.evaluation.offline import ImageDetector, run_offline
from compressed_detector.evaluation.places import Geometry
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


@dataclass(frozen=True)
class Options:
    """
    How recordings are looked at: as evaluate_bag's options of these names.

    ``live``: through the node. ``params_file`` and ``rate`` are for that alone.
    """

    topics: tuple[str, ...]
    truths: tuple[str, ...]
    mounting: Mounting | None
    score_threshold: float
    num_threads: int
    live: bool
    rate: float
    params_file: Path | None


class Progress(Protocol):
    """As cli.progress.Progress."""

    def __call__(self, task: str, done: int, total: int, detail: str = '', /) -> None:
        """Show it."""


Said = tuple[tuple[str, ...], list[CameraRun], Usage]
# Lets a model look at a scene of this name, and returns its labels, what it said, what it took.
Runner = Callable[[Model, str, Scene, Options, Progress], Said]


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


def offline(
    model: Model, name: str, scene: Scene, options: Options, progress: Progress
) -> Said:
    """Let a model look at every frame in this process; a Runner."""
    detector = model.load(options.num_threads)
    everything = settings_for(options.score_threshold)
    robot = dataclasses.replace(everything, score_threshold=options.score_threshold)
    runs, usage = run_offline(name, scene.source, detector, robot, everything,
                              functools.partial(progress, f'{model.name}: {name}'))
    return detector.labels, runs, usage


def run_models(
    runner: Runner, models: Sequence[Model], name: str, path: Path, options: Options,
    progress: Progress,
) -> dict[str, Answers]:
    """Let models look at a recording, and put what each says beside the truth, by its name."""
    scene = open_scene(path, options.topics, options.truths, options.mounting)
    # Before an hour of work: what is missing for distances is missing whatever the models say.
    geometries = {camera: geometry(scene, camera, options.mounting)
                  for camera in scene.source.cameras}
    answers = {}
    for model in models:
        labels, runs, usage = runner(model, name, scene, options, progress)
        answers[model.name] = Answers(labels, [
            compared(run, scene.truths.get(run.camera), geometries[run.camera]) for run in runs
        ], usage)
    return answers


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
