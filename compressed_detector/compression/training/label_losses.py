# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""
What a network learns from labelled boxes.

Li et al., Generalized Focal Loss, NeurIPS 2020, weighted and normalized as NanoDet does it.
Tensors are TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from compressed_detector.compression.tensorflow_runtime import tensorflow
from compressed_detector.compression.training.assignment import IGNORED, LevelTargets

QUALITY_WEIGHT, DISTRIBUTION_WEIGHT, OVERLAP_WEIGHT = 1.0, 0.25, 2.0
# A target beyond the last bin is just before it.
LAST_BIN_MARGIN = 0.1
TINY = 1e-7


@dataclass(frozen=True)
class LabelLoss:
    """
    The loss, as a weighted sum of three.

    **Quality focal**: the class should be as probable as the box is good, by its intersection
    over union with the labelled one, and everything else improbable; over the number of cells
    that have a box. **Distribution focal**: the distance bins on both sides of the labelled
    distance should be probable. **Generalized IoU** (Rezatofighi et al., CVPR 2019) of the boxes.
    The latter two are means over cells, weighted by how sure the network is of an object there.
    """

    classes: int
    bins: int
    roles: tuple[str, ...]

    def loss(self, student: Mapping[str, Any], targets: Sequence[LevelTargets]) -> Any:
        """
        Return the loss, a scalar; 0 where every cell is ignored.

        Outputs (batch, rows, columns, classes + 4 x bins) are in the order of ``targets``.
        """
        tf = tensorflow()
        levels = [self._level(student[role], target)
                  for role, target in zip(self.roles, targets, strict=True)]
        sums = _Sums(*(tf.add_n(list(values)) for values in zip(*levels)))
        boxes = DISTRIBUTION_WEIGHT * sums.distribution + OVERLAP_WEIGHT * sums.overlap
        return (QUALITY_WEIGHT * sums.quality / tf.maximum(sums.positives, 1.0)
                + tf.math.divide_no_nan(boxes, sums.certainty))

    def _level(self, output: Any, target: LevelTargets) -> _Sums:
        tf = tensorflow()
        class_ids = tf.convert_to_tensor(target.class_ids)
        positive = tf.cast(class_ids >= 0, tf.float32)
        learned = tf.cast(class_ids != IGNORED, tf.float32)
        logits = output[..., :self.classes]
        bins = tf.nn.log_softmax(
            tf.reshape(output[..., self.classes:], (-1, *output.shape[1:3], 4, self.bins)))
        iou, generalized_iou = overlaps(_expected(bins), target.distances)
        certainty = positive * tf.stop_gradient(tf.reduce_max(tf.sigmoid(logits), axis=-1))
        # Of IGNORED and BACKGROUND, one_hot makes rows of zeros.
        qualities = tf.one_hot(class_ids, self.classes) * tf.stop_gradient(iou)[..., None]
        return _Sums(
            tf.reduce_sum(learned * quality_focal(logits, qualities)),
            tf.reduce_sum(certainty * distribution_focal(bins, target.distances)),
            tf.reduce_sum(certainty * (1 - generalized_iou)),
            tf.reduce_sum(positive), tf.reduce_sum(certainty),
        )


class _Sums(NamedTuple):
    """Sums over the cells of a level: of the losses, and of what they are divided by."""

    quality: Any
    distribution: Any
    overlap: Any
    positives: Any
    certainty: Any


def quality_focal(logits: Any, qualities: Any) -> Any:
    """Return the quality focal loss, beta 2, of every cell, summed over the classes."""
    tf = tensorflow()
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(qualities, logits)
    return tf.reduce_sum((tf.sigmoid(logits) - qualities) ** 2 * entropy, axis=-1)


def distribution_focal(log_bins: Any, distances: Any) -> Any:
    """
    Return the distribution focal loss of every cell, the mean over the four sides.

    Logarithms of the bins' probabilities are (..., 4, bins), distances (..., 4) in bins.
    """
    tf = tensorflow()
    bins = log_bins.shape[-1]
    inside = tf.clip_by_value(distances, 0.0, bins - 1 - LAST_BIN_MARGIN)[..., None]
    # 1 at a bin that is hit, shared linearly by the two neighbours of what lies between them.
    shares = tf.nn.relu(1 - tf.abs(tf.range(bins, dtype=tf.float32) - inside))
    return -tf.reduce_mean(tf.reduce_sum(shares * log_bins, axis=-1), axis=-1)


def overlaps(first: Any, second: Any) -> tuple[Any, Any]:
    """
    Return IoU and generalized IoU of boxes around the same points.

    Both are given by their distances (..., 4) to the left, top, right and bottom.
    """
    tf = tensorflow()
    intersection = _area(tf.minimum(first, second))
    enclosing = _area(tf.maximum(first, second))
    union = _area(first) + _area(second) - intersection
    iou = intersection / (union + TINY)
    return iou, iou - (enclosing - union) / (enclosing + TINY)


def _area(distances: Any) -> Any:
    return ((distances[..., 0] + distances[..., 2]) * (distances[..., 1] + distances[..., 3]))


def _expected(log_bins: Any) -> Any:
    tf = tensorflow()
    numbers = tf.range(log_bins.shape[-1], dtype=tf.float32)
    return tf.reduce_sum(tf.exp(log_bins) * numbers, axis=-1)
