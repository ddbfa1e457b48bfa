# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The stage that repairs a compressed network: it learns from the dense one, and from labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from compressed_detector.compression.architectures import Architecture
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.forecast import Forecast
from compressed_detector.compression.keras_network import After, build_model, unchanged
from compressed_detector.compression.network import Network
from compressed_detector.compression.pictures import learning_images
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.assignment import Grids
from compressed_detector.compression.training.batches import Batch, Batches
from compressed_detector.compression.training.forward import forward_of
from compressed_detector.compression.training.label_losses import LabelLoss
from compressed_detector.compression.training.losses import Distillation
from compressed_detector.compression.training.parameters import Disguise, Parameters
from compressed_detector.compression.training.state import StateFile
from compressed_detector.compression.training.targets import Targets
from compressed_detector.compression.training.trainer import Loss, NetworkJudge, Schedule, Trainer
from compressed_detector.config.options import Options, option
from compressed_detector.errors import CompressionError

STATE_FILE = 'training.npz'
# Called with images of every size; yields what the dense network says, then of which classes.
Teachers = Callable[[tuple[Any, ...]], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True, eq=False)
class Pupil:
    """
    A network to train: how its tensors are computed, and what is used for its weights.

    ``begin_epoch`` is called with the number of every epoch, from 0. ``computed`` has the layers
    that are computed in training, where they are not those of the build.
    """

    build: Build
    after: After = unchanged
    disguise: Disguise | None = None
    begin_epoch: Callable[[int], None] = lambda epoch: None
    computed: Network | None = None


@dataclass(frozen=True)
class Distill(Options):
    """
    The recipe's stage ``distill``; in a model's name ``kd12`` after 12 epochs.

    Hinton et al., Distilling the Knowledge in a Neural Network, 2015; for detectors, see
    training.losses. Pictures that the user labelled teach what is on them besides, see
    training.label_losses. Removed weights stay removed, and shared ones equal.
    """

    epochs: int = option(12, 'How often every picture is seen.', minimum=1, maximum=1000)
    batch_size: int = option(8, 'Pictures of a step.', minimum=1, maximum=256)
    learning_rate: float = option(
        2e-4, 'Largest step size. Where batch norm is folded, 1e-3 destroys the network.',
        minimum=1e-7, maximum=1.0,
    )
    weight_decay: float = option(1e-4, 'Of kernels, per step size.', minimum=0.0, maximum=1.0)
    warmup_steps: int = option(50, 'Steps until the largest.', minimum=0, maximum=100_000)
    average_decay: float = option(
        0.999, 'Of the moving average of the weights, which is the result.',
        minimum=0.0, maximum=0.99999,
    )
    clip_norm: float = option(10.0, 'Longest gradient.', minimum=0.01, maximum=1e6)
    class_weight: float = option(1.0, 'Weight of the classes.', minimum=0.0, maximum=1e3)
    box_weight: float = option(0.25, 'Weight of the boxes.', minimum=0.0, maximum=1e3)
    feature_weight: float = option(1.0, 'Weight of the feature maps.', minimum=0.0, maximum=1e3)
    label_weight: float = option(
        1.0, "Weight of the user's labels, where there are any.", minimum=0.0, maximum=1e3)
    teacher_size: int = option(
        0, 'Input size at which the dense network names the classes; 0 for that of the recipe. '
        'A larger one teaches a network of lower resolution more than it can see.',
        minimum=0, maximum=1280,
    )
    save_minutes: float = option(
        5.0, 'Progress is saved this often and after every epoch.', minimum=0.01, maximum=1440.0)
    seed: int = option(0, 'Order and views of the pictures.', minimum=0, maximum=2**31 - 1)

    key: ClassVar[str] = 'distill'

    @property
    def code(self) -> str:
        """How the stage appears in a model's name."""
        return f'kd{self.epochs}'

    @property
    def schedule(self) -> Schedule:
        """How long and how fast."""
        return Schedule(
            self.epochs, self.learning_rate, self.weight_decay, self.warmup_steps,
            self.average_decay, self.clip_norm, 60 * self.save_minutes,
        )

    def apply(self, build: Build, workplace: Workplace) -> Build:
        """
        Train the network to say of pictures what the dense one says, and what is labelled on them.

        Raises CompressionError when there are too few pictures.
        """
        if workplace.images is None:
            raise CompressionError(
                f'stage {self.key} needs pictures to learn from: --images DIR')
        paths = learning_images(workplace.images)
        pupil = self.pupil(build, workplace)
        parameters = Parameters(pupil.build.network, pupil.build.forms)
        trainer = Trainer(
            parameters, self._loss(pupil, workplace), self.schedule,
            self._batches(paths, workplace), workplace.report, pupil.disguise,
            _judge_of(pupil.build, workplace), pupil.begin_epoch,
        )
        file = StateFile(workplace.folder / STATE_FILE) if workplace.folder else None
        network, history = trainer.train(file)
        note = {self.key: {**dataclasses.asdict(self), 'images': len(paths),
                           **_labelled(paths, workplace), 'history': history}}
        return pupil.build.then(note, network=network)

    def pupil(self, build: Build, workplace: Workplace) -> Pupil:
        """Return what is trained."""
        return Pupil(build)

    def forecast(self, forecast: Forecast, pictures: int) -> Forecast:
        """Return what is expected of it, where there are so many pictures."""
        return forecast.trained(self.epochs * pictures)

    def _batches(self, paths: Sequence[Path], workplace: Workplace) -> Batches:
        sizes: tuple[int, ...] = (workplace.input_size,)
        if self._class_size(workplace) != workplace.input_size:
            sizes = (*sizes, self._class_size(workplace))
        return Batches(paths, self.batch_size, sizes, workplace.architecture, self.seed,
                       self._targets(workplace))

    def _targets(self, workplace: Workplace) -> Targets | None:
        if workplace.labels is None:
            return None
        head = workplace.architecture.head_options
        grids = Grids(workplace.input_size, head['strides'], head.get('cell_offset', 0.5))
        return Targets(workplace.labels.by_picture(), grids)

    def _class_size(self, workplace: Workplace) -> int:
        return self.teacher_size or workplace.input_size

    def _loss(self, pupil: Pupil, workplace: Workplace) -> Loss:
        architecture, size = workplace.architecture, workplace.input_size
        network = pupil.computed or pupil.build.network
        results = {**network.outputs, **{name: name for name in architecture.features}}
        student = forward_of(build_model(network, size, results, None, pupil.after), network)
        teachers = self._teachers(workplace, results)
        distillation, labelled = self._terms(architecture)

        def loss(weights: Mapping[str, Any], batch: Batch) -> Mapping[str, Any]:
            said = student(weights, batch.images[0])
            terms = distillation.terms(said, *teachers(batch.images))
            if not batch.targets:
                return terms
            labels = labelled.loss(said, batch.targets)
            return {**terms, 'labels': labels, 'loss': terms['loss'] + self.label_weight * labels}

        return loss

    def _terms(self, architecture: Architecture) -> tuple[Distillation, LabelLoss]:
        classes, head = len(architecture.labels), architecture.head_options
        roles = tuple(f'stride_{stride}' for stride in head['strides'])
        return Distillation(
            classes, head['bins'], roles, architecture.features,
            self.class_weight, self.box_weight, self.feature_weight,
        ), LabelLoss(classes, head['bins'], roles)

    def _teachers(self, workplace: Workplace, results: Mapping[str, str]) -> Teachers:
        teacher = build_model(workplace.dense, workplace.input_size, results, None)
        class_teacher = teacher
        if self._class_size(workplace) != workplace.input_size:
            class_teacher = build_model(
                workplace.dense, self._class_size(workplace), batch_size=None)
        stop: Any = tensorflow().stop_gradient

        def say(images: tuple[Any, ...]) -> Iterator[Mapping[str, Any]]:
            seen = teacher(images[0])
            sure = seen if class_teacher is teacher else class_teacher(images[1])
            for found in (seen, sure):
                yield {name: stop(value) for name, value in found.items()}

        return say


def _labelled(paths: Sequence[Path], workplace: Workplace) -> dict[str, int]:
    if workplace.labels is None:
        return {}
    return {'labelled_images': len(workplace.labels.pictures & set(paths))}


def _judge_of(build: Build, workplace: Workplace) -> NetworkJudge[Network] | None:
    judge = workplace.judge
    if judge is None:
        return None
    return lambda network: judge(dataclasses.replace(build, network=network))
