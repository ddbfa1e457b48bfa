# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.losses import Distillation

LOSS = Distillation(classes=2, bins=3, roles=('p',), features=('f',),
                    class_weight=2.0, box_weight=3.0, feature_weight=5.0)


def outputs(seed: int, size: int = 4) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {'p': random.normal(size=(1, size, size, 14)).astype(np.float32),
            'f': random.normal(size=(1, size, size, 8)).astype(np.float32)}


def terms(student, teacher, class_teacher=None) -> dict[str, float]:
    tf = tensorflow()
    tensors = [{name: tf.constant(value) for name, value in each.items()}
               for each in (student, teacher, class_teacher or teacher)]
    return {name: float(value) for name, value in LOSS.terms(*tensors).items()}


def test_nothing_is_left_to_learn_from_a_teacher_that_says_the_same() -> None:
    assert terms(outputs(0), outputs(0)) == pytest.approx(
        {'classes': 0, 'boxes': 0, 'features': 0, 'loss': 0}, abs=1e-6)


def test_loss_is_the_weighted_sum_of_its_terms() -> None:
    got = terms(outputs(0), outputs(1))
    assert min(got.values()) > 0
    assert got['loss'] == pytest.approx(
        2 * got['classes'] + 3 * got['boxes'] + 5 * got['features'], rel=1e-5)


def test_terms_of_one_cell_are_those_calculated_by_hand() -> None:
    student = {'p': np.zeros((1, 1, 1, 14), np.float32), 'f': np.zeros((1, 1, 2, 1), np.float32)}
    teacher = {'p': student['p'].copy(), 'f': np.array([[[[1.0], [3.0]]]], np.float32)}
    teacher['p'][..., 0] = np.log(4)  # a probability of 0.8, the other is 0.5
    teacher['p'][..., 2:5] = np.log([0.5, 0.25, 0.25])
    got = terms(student, teacher)
    # |0.5 - 0.8| x cross entropy of (0.8, 0.5), over a certainty of at least 1
    assert got['classes'] == pytest.approx(0.3 * np.log(2), rel=1e-5)
    divergence = 0.5 * np.log(0.5 * 3) + 2 * 0.25 * np.log(0.25 * 3)
    assert got['boxes'] == pytest.approx(0.8 * divergence, rel=1e-4)
    assert got['features'] == pytest.approx((1 + 9) / 2 / 1.0, rel=1e-4)


def test_a_teacher_of_higher_resolution_names_the_classes_only() -> None:
    sharp = outputs(2, size=8)
    assert terms(outputs(0), outputs(0), sharp)['classes'] > 0
    assert terms(outputs(0), outputs(0), sharp)['boxes'] == pytest.approx(0, abs=1e-6)


def test_feature_maps_of_other_shapes_are_left_out() -> None:
    teacher = outputs(1)
    teacher['f'] = teacher['f'][..., :4]
    assert terms(outputs(0), teacher)['features'] == 0
