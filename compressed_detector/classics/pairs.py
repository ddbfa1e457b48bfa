# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Networks as the .tflite files that run them: dense, and compressed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from compressed_detector.benchmark import subjects
from compressed_detector.classics.archived import tflite_accuracy, tflite_of
from compressed_detector.classics.classifier import Classifier
from compressed_detector.classics.data import Dataset
from compressed_detector.classics.deep_compressed import larger_steps, lenet_steps
from compressed_detector.classics.lab import Lab
from compressed_detector.compression import dense
from compressed_detector.compression.architectures import ARCHITECTURES
from compressed_detector.compression.convert import Conversion, convert
from compressed_detector.compression.files import sha256
from compressed_detector.compression.formats import STATIC_INT8
from compressed_detector.detection.types import Floats
from compressed_detector.errors import BenchmarkError

DENSE, PRUNED, COMPRESSED = 'dense', 'pruned', 'compressed'
# Training pictures that the ranges of int8 are taken from.
CALIBRATION_PICTURES = 100
DETECTOR = 'balanced'


@dataclass(frozen=True, eq=False)
class Pair:
    """
    A network dense in float32 and compressed in int8, .tflite files by form.

    ``pruned``, if there is one, has the zeros and shared weights of the compressed one in float32:
    what these alone change. ``quality``: how good each is, by form, in a measure named so.
    """

    name: str
    title: str
    files: Mapping[str, bytes]
    measure: str
    quality: Mapping[str, float]


def lenet_5(lab: Lab, seed: int) -> Pair:
    """Return LeNet-5 and what Deep Compression makes of it."""
    steps = lenet_steps(lab, 'lenet_5', seed)
    return classifier_pair(
        lab, 'LeNet-5', steps.dense().classifier, steps.shared().classifier, lab.data)


def resnet_18(lab: Lab, seed: int) -> Pair:
    """Return the small variant of ResNet-18 and what Deep Compression makes of it."""
    steps = larger_steps(lab, 'resnet18', seed)
    return classifier_pair(lab, 'ResNet-18 (small)', steps.dense().classifier,
                           steps.shared().classifier, steps.lab.data)


def classifier_pair(
    lab: Lab, title: str, original: Classifier, compressed: Classifier, data: Dataset
) -> Pair:
    """Return a classifier, and the pruned and shared one in float32 and in int8."""
    def calibration() -> Iterator[Floats]:
        for index in range(min(CALIBRATION_PICTURES, len(data.train))):
            picture = data.train.inputs(index, index + 1)
            if index == 0:  # so that what goes in is the pixel itself
                picture[0, 0, 0], picture[0, -1, -1] = 0, 1
            yield picture

    files = {
        DENSE: tflite_of(original),
        PRUNED: tflite_of(compressed),
        COMPRESSED: tflite_of(compressed, Conversion(STATIC_INT8, calibration=calibration)),
    }
    content = sha256(b''.join(
        array.tobytes() for item in (original, compressed) for array in item.weights.values()))
    quality = lab.figures(
        f'{original.name}-accuracies-{content[:16]}',
        lambda: {form: tflite_accuracy(files[form], data.test) for form in files})
    return Pair(original.name, title, files, 'accuracy', quality)


def detector_pair() -> Pair:
    """
    Return the installed detector in int8 and the dense network it was built from.

    Raises ModelError, CompressionError or BenchmarkError when one of them is not there.
    """
    (subject,) = subjects.find([DETECTOR])
    if subject.manifest is None:
        raise BenchmarkError(f'{subject.path}: expected a model with a manifest')
    kind = ARCHITECTURES[subject.manifest.lineage['architecture']]
    network = kind.build(dense.load(subject.path.parent / 'dense.npz').weights)
    converted = convert(network, subject.manifest.input.size[0], Conversion())
    return Pair(
        kind.name, 'NanoDet-g', {DENSE: converted.tflite, COMPRESSED: subject.model}, 'AP',
        {DENSE: subject.metrics['ap_dense'], COMPRESSED: subject.metrics['ap']})
