# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""The losses of labels against their definitions, cell by cell in NumPy."""

import math

import numpy as np
import pytest

from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.assignment import (
    BACKGROUND,
    IGNORED,
    LevelTargets,
)
from compressed_detector.compression.training.label_losses import LabelLoss
from compressed_detector.detection.boxes import iou_matrix

CLASSES, BINS = 2, 4
LOSS = LabelLoss(CLASSES, BINS, ('fine', 'coarse'))


def outputs(seed: int, batch: int = 2) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        role: random.normal(size=(batch, size, size, CLASSES + 4 * BINS)).astype(np.float32)
        for role, size in (('fine', 4), ('coarse', 2))
    }


def random_targets(seed: int, batch: int = 2) -> list[LevelTargets]:
    """Targets of every kind, distances beyond the last bin among them."""
    random = np.random.default_rng(seed)
    return [
        LevelTargets(random.integers(IGNORED, CLASSES, (batch, size, size)).astype(np.int32),
                     random.uniform(0.2, BINS, (batch, size, size, 4)).astype(np.float32))
        for size in (4, 2)
    ]


def of_one_kind(kind: int, batch: int = 2) -> list[LevelTargets]:
    return [LevelTargets(np.full((batch, size, size), kind, np.int32),
                         np.zeros((batch, size, size, 4), np.float32)) for size in (4, 2)]


def loss_and_gradients(
    student: dict[str, np.ndarray], targets: list[LevelTargets]
) -> tuple[float, list[np.ndarray]]:
    tf = tensorflow()
    variables = {name: tf.Variable(value) for name, value in student.items()}
    with tf.GradientTape() as tape:
        loss = LOSS.loss({name: variable * 1.0 for name, variable in variables.items()}, targets)
    gradients = tape.gradient(loss, list(variables.values()))
    return float(loss), [gradient.numpy() for gradient in gradients]


def brute_force(student: dict[str, np.ndarray], targets: list[LevelTargets]) -> float:
    quality, distribution, overlap, positives, certainties = 0.0, 0.0, 0.0, 0, 0.0
    for output, target in zip(student.values(), targets):
        for place in np.ndindex(target.class_ids.shape):
            class_id = target.class_ids[place]
            if class_id == IGNORED:
                continue
            cell = output[place].astype(np.float64)
            probabilities = 1 / (1 + np.exp(-cell[:CLASSES]))
            bins = np.exp(cell[CLASSES:].reshape(4, BINS))
            bins /= bins.sum(axis=1, keepdims=True)
            wanted = np.zeros(CLASSES)
            if class_id != BACKGROUND:
                distances = target.distances[place].astype(np.float64)
                predicted = bins @ np.arange(BINS)
                iou, generalized = overlaps(predicted, distances)
                wanted[class_id] = iou
                certainty = probabilities.max()
                positives, certainties = positives + 1, certainties + certainty
                overlap += certainty * (1 - generalized)
                distribution += certainty * np.mean([
                    side_loss(bins[side], distances[side]) for side in range(4)])
            entropy = -wanted * np.log(probabilities) - (1 - wanted) * np.log(1 - probabilities)
            quality += np.sum(abs(wanted - probabilities) ** 2 * entropy)
    return (quality / max(positives, 1)
            + (0.25 * distribution + 2 * overlap) / max(certainties, 1e-9))


def side_loss(bins: np.ndarray, distance: float) -> float:
    distance = min(distance, BINS - 1 - 0.1)
    below = math.floor(distance)
    return (-(below + 1 - distance) * np.log(bins[below])
            - (distance - below) * np.log(bins[below + 1]))


def overlaps(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    boxes = np.array([[-each[0], -each[1], each[2], each[3]] for each in (first, second)])
    iou = iou_matrix(boxes[:1], boxes[1:])[0, 0]
    enclosing = np.prod(boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0))
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    union = areas.sum() / (1 + iou)
    return iou, iou - (enclosing - union) / enclosing


@pytest.mark.parametrize('seed', range(3))
def test_loss_is_that_of_the_definition(seed: int) -> None:
    student, targets = outputs(seed), random_targets(seed)
    assert loss_and_gradients(student, targets)[0] == pytest.approx(
        brute_force(student, targets), rel=1e-4)


def test_picture_of_nothing_teaches_that_there_is_nothing() -> None:
    student, targets = outputs(0), of_one_kind(BACKGROUND)
    loss, gradients = loss_and_gradients(student, targets)
    assert loss == pytest.approx(brute_force(student, targets), rel=1e-4)
    for gradient in gradients:
        assert np.all(gradient[..., :CLASSES] > 0)  # down with every class
        assert not gradient[..., CLASSES:].any()


def test_pictures_without_labels_contribute_nothing() -> None:
    loss, gradients = loss_and_gradients(outputs(0), of_one_kind(IGNORED))
    assert loss == 0
    assert not any(gradient.any() for gradient in gradients)
    # Beside a labelled picture they change nothing either.
    alone = loss_and_gradients(outputs(1, batch=1), random_targets(1, batch=1))
    beside = loss_and_gradients(
        {name: np.concatenate([value, outputs(2, batch=1)[name]])
         for name, value in outputs(1, batch=1).items()},
        [LevelTargets(*map(np.concatenate, zip(*pair))) for pair in zip(
            random_targets(1, batch=1), of_one_kind(IGNORED, batch=1))])
    assert beside[0] == pytest.approx(alone[0], rel=1e-5)
    for expected, got in zip(alone[1], beside[1]):
        np.testing.assert_allclose(got[:1], expected, atol=1e-6)
        assert not got[1:].any()


def test_box_learns_nothing_from_how_probable_its_class_is() -> None:
    targets = of_one_kind(IGNORED, batch=1)
    targets[0].class_ids[0, 1, 1] = 0
    targets[0].distances[0, 1, 1] = (1, 2, 1.5, 0.5)
    student = outputs(0, batch=1)
    first = loss_and_gradients(student, targets)[1]
    student['fine'][0, 1, 1, :CLASSES] = (3, -2)
    second = loss_and_gradients(student, targets)[1]
    assert first[0][0, 1, 1, CLASSES:].any()
    np.testing.assert_allclose(second[0][..., CLASSES:], first[0][..., CLASSES:], atol=1e-6)


def test_gradients_are_finite_where_the_network_is_sure_and_wrong() -> None:
    extreme = {name: value * 1e3 for name, value in outputs(0).items()}
    for targets in (random_targets(0), of_one_kind(BACKGROUND), of_one_kind(IGNORED)):
        loss, gradients = loss_and_gradients(extreme, targets)
        assert np.isfinite(loss)
        assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_box_that_is_right_leaves_only_what_its_bins_could_be_surer_of() -> None:
    targets = of_one_kind(IGNORED, batch=1)
    targets[0].class_ids[0, 1, 1] = 0
    targets[0].distances[0, 1, 1] = (1, 2, 1, 2)
    student = outputs(0, batch=1)
    bins = np.full((4, BINS), -20.0)
    bins[np.arange(4), (1, 2, 1, 2)] = 20
    student['fine'][0, 1, 1] = [20, -20, *bins.ravel()]
    assert loss_and_gradients(student, targets)[0] == pytest.approx(0, abs=1e-4)
    student['fine'][0, 1, 1, 0] = -20
    assert loss_and_gradients(student, targets)[0] > 10
