# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a compressed network learns from the dense one, without labels.

Tensors are TensorFlow's. The head is GFL's (Li et al., Generalized Focal Loss, NeurIPS 2020):
logits of classes, and of bins of the distance to each side of the box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compressed_detector.compression.tensorflow_runtime import tensorflow

Tensors = Mapping[str, Any]
# A teacher that is sure of nothing in a whole batch must not divide by nothing.
LEAST_CERTAINTY = 1.0


@dataclass(frozen=True)
class Distillation:
    """
    The loss, as a weighted sum of three terms.

    **classes**: binary cross-entropy with the teacher's probabilities, weighted by the distance
    to them, so that the many cells where both see nothing count for nothing (quality focal
    loss). **boxes**: the Kullback-Leibler divergence of the distance bins, weighted by how sure
    the teacher is that there is an object in the cell (localization distillation, Zheng et al.,
    CVPR 2022). **features**: the squared difference of the feature maps over their variance.
    """

    classes: int
    bins: int
    roles: tuple[str, ...]
    features: tuple[str, ...]
    class_weight: float = 1.0
    box_weight: float = 0.25
    feature_weight: float = 1.0

    def terms(self, student: Tensors, teacher: Tensors, class_teacher: Tensors) -> dict[str, Any]:
        """
        Return the terms by name, each a scalar, and their weighted sum as ``loss``.

        Outputs are (batch, rows, columns, classes + 4 x bins). ``class_teacher`` may be of
        another resolution: its probabilities are resized to the student's cells.
        """
        tf = tensorflow()
        certainty, class_sum, box_sum = 0.0, 0.0, 0.0
        for role in self.roles:
            wanted = self._probabilities(class_teacher[role], student[role])
            class_sum += _quality_focal(student[role][..., :self.classes], wanted)
            local = tf.reduce_max(tf.sigmoid(teacher[role][..., :self.classes]), axis=-1)
            box_sum += tf.reduce_sum(local * self._divergence(student[role], teacher[role]))
            certainty += tf.reduce_sum(tf.reduce_max(wanted, axis=-1))
        scale = 1 / tf.maximum(certainty, LEAST_CERTAINTY)
        terms = {
            'classes': class_sum * scale, 'boxes': box_sum * scale,
            'features': self._features(student, teacher),
        }
        return {**terms, 'loss': self.class_weight * terms['classes']
                + self.box_weight * terms['boxes'] + self.feature_weight * terms['features']}

    def _probabilities(self, logits: Any, like: Any) -> Any:
        tf = tensorflow()
        wanted = tf.sigmoid(logits[..., :self.classes])
        if wanted.shape[1:3] == like.shape[1:3]:
            return wanted
        return tf.image.resize(wanted, like.shape[1:3])

    def _divergence(self, student: Any, teacher: Any) -> Any:
        """Return the divergence per cell (batch, rows, columns), summed over the four sides."""
        tf = tensorflow()
        shape = (-1, *student.shape[1:3], 4, self.bins)
        wanted = tf.nn.log_softmax(tf.reshape(teacher[..., self.classes:], shape))
        got = tf.nn.log_softmax(tf.reshape(student[..., self.classes:], shape))
        return tf.reduce_sum(tf.exp(wanted) * (wanted - got), axis=(-2, -1))

    def _features(self, student: Tensors, teacher: Tensors) -> Any:
        """Return the mean over the maps that both have in the same shape; 0 for none."""
        tf = tensorflow()
        pairs = [(student[name], teacher[name]) for name in self.features
                 if student[name].shape[1:] == teacher[name].shape[1:]]
        errors = [tf.reduce_mean((got - wanted) ** 2) / (tf.math.reduce_variance(wanted) + 1e-6)
                  for got, wanted in pairs]
        return tf.add_n(errors) / len(errors) if errors else tf.constant(0.0)


def _quality_focal(logits: Any, wanted: Any) -> Any:
    tf = tensorflow()
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits)
    distance = tf.stop_gradient(tf.abs(tf.sigmoid(logits) - wanted))
    return tf.reduce_sum(distance * entropy)
