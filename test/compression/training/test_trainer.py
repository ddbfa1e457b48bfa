# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Training repairs a network, survives being interrupted, and keeps the forms of the weights."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from calibration_pictures import write_pictures
from small_networks import TINY_LEARNER, tiny_learner

from compressed_detector.compression.anneal import Anneal
from compressed_detector.compression.build import Build, Workplace
from compressed_detector.compression.distill import STATE_FILE, Distill
from compressed_detector.compression.fake_quant import rounded_activations, rounded_weights
from compressed_detector.compression.forms import Form, project
from compressed_detector.compression.keras_network import build_model
from compressed_detector.compression.network import Network
from compressed_detector.compression.progress import Report, silent
from compressed_detector.compression.prune_gradually import PruneGradually
from compressed_detector.compression.quantization_aware import QuantizationAware
from compressed_detector.compression.restore import Restore
from compressed_detector.compression.training.batches import Batches
from compressed_detector.compression.training.forward import forward_of
from compressed_detector.errors import CompressionError

TEACHER, PUPIL = tiny_learner(0), tiny_learner(1)
FAST = {'epochs': 3, 'batch_size': 4, 'learning_rate': 3e-3, 'warmup_steps': 2,
        'average_decay': 0.5}


@pytest.fixture(scope='module')
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp('pictures'), 30)


def workplace(images: Path | None, report: Report = silent, **changes: object) -> Workplace:
    return Workplace(TINY_LEARNER, 16, images, report, TEACHER, **changes)


def losses(build: Build) -> list[float]:
    (note,) = build.notes[-1].values()
    return [epoch['loss'] for epoch in note['history']]


def test_pupil_learns_what_the_teacher_says(pictures: Path) -> None:
    judged: list[float] = []

    def judge(build):
        judged.append(float(np.abs(build.network.weights['c_weight']).sum()))
        return {'agreement': 0.5}

    build = Distill(**{**FAST, 'epochs': 8}).apply(
        Build(PUPIL), workplace(pictures, judge=judge))
    assert losses(build)[-1] < 0.6 * losses(build)[0]
    assert len(set(judged)) == 8
    assert build.notes[-1]['distill']['history'][-1]['agreement'] == 0.5
    assert build.notes[-1]['distill']['images'] < 30  # some are held out


def test_teacher_of_higher_resolution_is_asked_for_classes(pictures: Path) -> None:
    build = Distill(**FAST, teacher_size=24).apply(Build(PUPIL), workplace(pictures))
    assert losses(build)[-1] < losses(build)[0]


def test_forms_hold_through_training(pictures: Path) -> None:
    random, kernel = np.random.default_rng(0), PUPIL.weights['b_weight']
    form = Form(random.random(kernel.shape) < 0.5,
                random.integers(0, 4, kernel.shape).astype(np.uint8))
    build = Distill(**FAST).apply(Build(PUPIL, forms={'b_weight': form}), workplace(pictures))
    trained = build.network.weights['b_weight']
    np.testing.assert_allclose(project(trained, form), trained, atol=1e-6)
    assert abs(trained - project(kernel, form)).max() > 1e-3
    assert build.forms['b_weight'] is form


class InterruptionError(Exception):
    pass


def test_interrupted_training_ends_as_if_it_had_not_been(pictures: Path, tmp_path: Path) -> None:
    stage = Distill(**FAST, save_minutes=0.01)
    whole = stage.apply(Build(PUPIL), workplace(pictures)).network

    def interrupt(task: str, done: int, total: int, detail: str = '') -> None:
        if done == total // 2 + 1:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        stage.apply(Build(PUPIL), workplace(pictures, interrupt, folder=tmp_path))
    assert (tmp_path / STATE_FILE).is_file()
    steps: list[int] = []
    resumed = stage.apply(Build(PUPIL), workplace(
        pictures, lambda task, done, total, detail='': steps.append(done), folder=tmp_path))
    assert steps[0] > 1
    for name, weights in whole.weights.items():
        np.testing.assert_allclose(resumed.network.weights[name], weights, atol=1e-5)


def test_damaged_state_is_an_error_that_says_what_to_do(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / STATE_FILE).write_bytes(b'PK\x03\x04 cut off')
    with pytest.raises(CompressionError, match='remove it to train from the start'):
        Distill(**FAST).apply(Build(PUPIL), workplace(pictures, folder=tmp_path))


def test_loss_that_is_not_finite_ends_the_training(pictures: Path) -> None:
    with pytest.raises(CompressionError, match='lower learning_rate'):
        Distill(**FAST).apply(Build(exploding()), workplace(pictures))


def exploding():
    network = tiny_learner(1)
    network.weights['b_weight'][...] = 1e30
    return network


def test_without_enough_pictures_there_is_nothing_to_learn_from(pictures: Path) -> None:
    with pytest.raises(CompressionError, match='stage distill needs pictures'):
        Distill(**FAST).apply(Build(PUPIL), workplace(None))
    with pytest.raises(CompressionError, match='expected at least 256 pictures'):
        Distill(**{**FAST, 'batch_size': 256}).apply(Build(PUPIL), workplace(pictures))


def test_quantization_aware_training_learns_with_rounded_numbers(pictures: Path) -> None:
    stage = QuantizationAware(**{**FAST, 'epochs': 6}, calibration_images=8, weight_bits=4)
    build = stage.apply(Build(PUPIL), workplace(pictures))
    history = build.notes[-1]['quantization_aware']['history']
    assert history[-1]['loss'] < 0.7 * history[0]['loss']
    assert build.conversion.format.code == 'wi4_ai8'
    # A float network that was trained without rounding loses more by it.
    plain = Distill(**{**FAST, 'epochs': 6}).apply(Build(PUPIL), workplace(pictures))
    inputs = [picture[None] for picture in seen_by(pictures)]
    assert error(build, inputs) < error(
        dataclasses.replace(plain, conversion=build.conversion), inputs)


def test_weights_go_step_by_step_and_the_others_learn(pictures: Path, tmp_path: Path) -> None:
    stage = PruneGradually(**{**FAST, 'epochs': 2}, removed_percent=60, steps=3)
    build = stage.apply(Build(PUPIL), workplace(pictures, folder=tmp_path))
    kernels = [build.network.weights[conv.weight_name] for conv in build.network.convolutions]
    zeros = sum(np.count_nonzero(kernel == 0) for kernel in kernels)
    assert zeros == pytest.approx(0.6 * sum(kernel.size for kernel in kernels), abs=2)
    assert [next(iter(note)) for note in build.notes] == ['prune_gradually'] * 3
    assert len(list(tmp_path.rglob(STATE_FILE))) == 3
    assert abs(build.network.weights['b_weight'] - PUPIL.weights['b_weight']).max() > 1e-3


def test_slopes_are_annealed_away(pictures: Path) -> None:
    stage = Anneal(**{**FAST, 'epochs': 6})
    assert [stage.slope_left(epoch) for epoch in range(6)] == pytest.approx(
        [1, 0.6, 0.2, 0, 0, 0])
    build = stage.apply(Build(PUPIL), workplace(pictures))
    assert [conv.negative_slope for conv in build.network.convolutions] == [0, 0, None]
    assert losses(build)[-1] < losses(build)[0]


def test_freed_weights_move_on_their_own_again(pictures: Path) -> None:
    mask = abs(PUPIL.weights['b_weight']) > 0.1
    sparse = Build(without(PUPIL, mask), forms={'b_weight': Form(mask)})
    freed = Restore().apply(sparse, workplace(None))
    assert not freed.forms
    trained = Distill(**FAST).apply(freed, workplace(pictures)).network.weights['b_weight']
    assert np.count_nonzero(trained[~mask]) == np.count_nonzero(~mask)


def without(network: Network, mask: np.ndarray) -> Network:
    kernel = np.where(mask, network.weights['b_weight'], np.float32(0))
    return dataclasses.replace(network, weights={**network.weights, 'b_weight': kernel})


def seen_by(pictures: Path) -> list[np.ndarray]:
    batches = Batches(sorted(pictures.iterdir()), 4, (16,), TINY_LEARNER, seed=9)
    return [picture for batch in batches.epoch(0) for picture in batch.images[0]]


def error(build: Build, inputs: list[np.ndarray]) -> float:
    """The mean squared error of the rounded network against the teacher's float outputs."""
    model = build_model(build.network, 16, after=rounded_activations(build.conversion.ranges))
    rounded, forward = rounded_weights(4), forward_of(model, build.network)
    weights = {name: rounded(name, array) for name, array in build.network.weights.items()}
    teacher = build_model(TEACHER, 16)
    return float(np.mean([
        (np.asarray(forward(weights, x)['stride_2']) - np.asarray(teacher(x)['stride_2'])) ** 2
        for x in inputs
    ]))
