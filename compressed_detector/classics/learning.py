# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Training of classifiers: the workshop's trainer on labelled pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from compressed_detector.classics.classifier import Classifier, logits_of
from compressed_detector.classics.data import Pictures, Samples, as_inputs
from compressed_detector.compression.forms import Forms
from compressed_detector.compression.progress import Report, silent
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.parameters import Disguise, Parameters
from compressed_detector.compression.training.state import StateFile
from compressed_detector.compression.training.trainer import Schedule, Trainer
from compressed_detector.detection.types import Floats

# Called with weights by name as tensors; returns a scalar that is added to the loss.
Penalty = Callable[[Mapping[str, Any]], Any]
# Nothing is saved inside a training unless it takes longer.
SAVE_EVERY_S = 60.0


class Labelled(NamedTuple):
    """Pictures (batch, height, width, 1) float32 from 0 to 1, and their classes (batch,)."""

    images: Floats
    labels: Pictures


@dataclass(frozen=True, eq=False)
class Draws:
    """The samples of training, each once per epoch, in an order that the seed decides."""

    samples: Samples
    batch_size: int
    seed: int

    @property
    def examples(self) -> int:
        """The number of samples."""
        return len(self.samples)

    def __len__(self) -> int:
        """Return the number of batches of an epoch; what fills none is left out of it."""
        return len(self.samples) // self.batch_size

    def epoch(self, number: int, start: int = 0, /) -> Iterator[Labelled]:
        """Yield the batches of an epoch from the given one on."""
        order = np.random.default_rng((self.seed, number)).permutation(len(self.samples))
        for index in range(start, len(self)):
            chosen = order[index * self.batch_size:(index + 1) * self.batch_size]
            yield Labelled(as_inputs(self.samples.images[chosen]), self.samples.labels[chosen])


@dataclass(frozen=True)
class Lesson:
    """How a classifier learns: AdamW, a short warm-up and a cosine down to nothing."""

    epochs: int
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    batch_size: int = 128
    average_decay: float = 0.99

    @property
    def schedule(self) -> Schedule:
        """The lesson in the trainer's words."""
        return Schedule(
            self.epochs, self.learning_rate, self.weight_decay, warmup_steps=50,
            average_decay=self.average_decay, clip_norm=5.0, save_every_s=SAVE_EVERY_S,
        )


def train(
    classifier: Classifier, forms: Forms, samples: Samples, lesson: Lesson, seed: int,
    report: Report = silent, penalty: Penalty | None = None, state: Path | None = None,
    disguise: Disguise | None = None,
) -> Classifier:
    """
    Return the classifier after a lesson, its weights within their forms.

    The loss is the cross-entropy, plus the penalty. ``disguise`` maps weights to what is
    computed with in their place. Takes up what ``state`` holds, if there is such a file. Raises
    CompressionError when the loss is not finite.
    """
    loss = _loss_of(logits_of(classifier), penalty)
    trainer = Trainer(
        Parameters(classifier, forms), loss, lesson.schedule,
        Draws(samples, lesson.batch_size, seed), report, disguise,
    )
    trained, _ = trainer.train(StateFile(state) if state else None)
    return trained


def _loss_of(
    logits: Callable[[Mapping[str, Any], Any], Any], penalty: Penalty | None
) -> Callable[[Mapping[str, Any], Any], Mapping[str, Any]]:
    tf = tensorflow()

    def loss(weights: Mapping[str, Any], batch: Labelled) -> Mapping[str, Any]:
        found = logits(weights, batch.images)
        labels = tf.cast(batch.labels, tf.int32)
        value = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, found))
        return {'loss': value if penalty is None else value + penalty(weights)}

    return loss
