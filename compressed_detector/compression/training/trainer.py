# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The loop of training: one for everything that learns, interrupted and taken up at will."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol

import numpy as np

from compressed_detector.compression.progress import Report
from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.parameters import Disguise, Net, Parameters
from compressed_detector.compression.training.state import State, StateFile
from compressed_detector.errors import CompressionError

# Called with weights by name and a batch of tensors; returns scalars, one of them 'loss'.
Loss = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]
# Called after every epoch with the averaged network; returns figures for the history.
NetworkJudge = Callable[[Net], Mapping[str, float]]
# The averages follow quickly at first: decay (1 + step) / (AVERAGING_START + step), or as asked.
AVERAGING_START = 10


class Batches(Protocol):
    """What is learned from: tuples of arrays, in an order that can be taken up anywhere."""

    @property
    def batch_size(self) -> int:
        """How many examples a batch has."""

    @property
    def examples(self) -> int:
        """How many examples there are."""

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""

    def epoch(self, number: int, start: int = 0, /) -> Iterator[Any]:
        """Yield the batches of an epoch from the given one on."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: AdamW, linear warm-up, then a cosine down to nothing."""

    epochs: int
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    average_decay: float
    clip_norm: float
    save_every_s: float


class Trainer(Generic[Net]):
    """
    Moves parameters down a loss; what counts in the end is their moving average.

    Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019. Weight decay is for
    kernels, not for biases, and not for codebooks, of which zero is no natural centre.
    """

    def __init__(
        self, parameters: Parameters[Net], loss: Loss, schedule: Schedule, batches: Batches,
        report: Report, disguise: Disguise | None = None, judge: NetworkJudge[Net] | None = None,
        begin_epoch: Callable[[int], None] = lambda epoch: None,
    ) -> None:
        if not len(batches):
            raise CompressionError(
                f'expected at least {batches.batch_size} pictures to learn from (--images), '
                f'got {batches.examples}'
            )
        self._parameters, self._loss, self._schedule = parameters, loss, schedule
        self._batches, self._report, self._judge = batches, report, judge
        self._disguise, self._begin_epoch = disguise, begin_epoch
        self._optimizer = self._make_optimizer()
        tf = tensorflow()
        self._averages = [tf.Variable(variable.numpy()) for variable in parameters.variables]
        self._step = tf.function(self._one_step, autograph=False)

    def train(self, file: StateFile | None = None) -> tuple[Net, list[dict[str, float]]]:
        """
        Return the averaged network and the figures of every epoch.

        Takes up what the file holds; raises CompressionError when the loss is not finite.
        """
        state = (file and file.read()) or State(0, 0, [], self._arrays())
        self._restore(state.arrays)
        history, begin = list(state.history), state.batch
        for epoch in range(state.epoch, self._schedule.epochs):
            self._begin_epoch(epoch)
            means = self._epoch(epoch, begin, history, file)
            judged = self._judge(self.average()) if self._judge else {}
            history.append({'epoch': epoch + 1, **means, **judged})
            begin = 0
            if file:
                file.write(State(epoch + 1, 0, history, self._arrays()))
        return self.average(), history

    def average(self) -> Net:
        """Return the network of the averaged parameters."""
        return self._parameters.network([average.numpy() for average in self._averages])

    def _epoch(
        self, epoch: int, begin: int, history: list[dict[str, float]], file: StateFile | None
    ) -> dict[str, float]:
        total, saved_s = self._schedule.epochs * len(self._batches), time.monotonic()
        sums: dict[str, float] = {}
        for index, batch in enumerate(self._batches.epoch(epoch, begin), start=begin + 1):
            terms = {name: float(value) for name, value in self._step(batch).items()}
            if not np.isfinite(terms['loss']):
                raise CompressionError(
                    f'training: the loss is {terms["loss"]} in epoch {epoch + 1}; expected a '
                    'finite one: lower learning_rate, or look at what the stages before did'
                )
            sums = {name: sums.get(name, 0.0) + value for name, value in terms.items()}
            done = epoch * len(self._batches) + index
            self._report('training', done, total, self._detail(terms, history))
            if file and time.monotonic() - saved_s > self._schedule.save_every_s:
                file.write(State(epoch, index, history, self._arrays()))
                saved_s = time.monotonic()
        count = max(len(self._batches) - begin, 1)
        return {name: round(value / count, 5) for name, value in sums.items()}

    def _detail(self, terms: Mapping[str, float], history: list[dict[str, float]]) -> str:
        last = [f'{name} {history[-1][name]:.3f}' for name in ('agreement',)
                if history and name in history[-1]]
        return ', '.join([f'loss {terms["loss"]:.3f}', *last])

    def _one_step(self, batch: Any) -> Mapping[str, Any]:
        tf, variables = tensorflow(), self._parameters.variables
        with tf.GradientTape() as tape:
            terms = self._loss(self._parameters.weights(self._disguise), batch)
        gradients = tape.gradient(terms['loss'], variables)
        gradients, _ = tf.clip_by_global_norm(gradients, self._schedule.clip_norm)
        self._optimizer.apply_gradients(zip(gradients, variables))
        step = tf.cast(self._optimizer.iterations, tf.float32)
        decay = tf.minimum(self._schedule.average_decay, (1 + step) / (AVERAGING_START + step))
        for average, variable in zip(self._averages, variables):
            average.assign(decay * average + (1 - decay) * variable)
        return terms

    def _make_optimizer(self) -> Any:
        keras, schedule = tensorflow().keras, self._schedule
        steps = schedule.epochs * len(self._batches)
        warmup = min(schedule.warmup_steps, steps // 2)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(steps - warmup, 1), warmup_target=schedule.learning_rate,
            warmup_steps=max(warmup, 1),
        )
        optimizer = keras.optimizers.AdamW(rate, weight_decay=schedule.weight_decay)
        variables = self._parameters.variables
        optimizer.exclude_from_weight_decay(var_list=[
            variable for variable, decays in zip(variables, self._parameters.decays())
            if not decays
        ])
        optimizer.build(variables)
        return optimizer

    def _state_variables(self) -> list[Any]:
        return [*self._parameters.variables, *self._averages, *self._optimizer.variables]

    def _arrays(self) -> list[np.ndarray[Any, Any]]:
        return [np.asarray(variable.numpy()) for variable in self._state_variables()]

    def _restore(self, arrays: list[np.ndarray[Any, Any]]) -> None:
        for variable, array in zip(self._state_variables(), arrays):
            variable.assign(array)
