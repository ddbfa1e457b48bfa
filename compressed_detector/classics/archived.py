# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A classifier as the .tflite file that runs it, and that file coded as the project codes it."""

from __future__ import annotations

from dataclasses import dataclass

from compressed_detector.benchmark.litert import LiteRt
from compressed_detector.classics.classifier import Classifier, model_of
from compressed_detector.classics.data import Samples
from compressed_detector.compression import archiving
from compressed_detector.compression.archive_report import TensorSize, tensor_sizes
from compressed_detector.compression.convert import Conversion, convert_model
from compressed_detector.compression.flatbuffer import constants
from compressed_detector.compression.tensorflow_runtime import tensorflow

FLOAT32 = Conversion()


@dataclass(frozen=True, eq=False)
class Archived:
    """
    The content of an archive (.dcz without a manifest), and what it holds.

    ``model`` is the .tflite file that it decodes to, which is the one that was coded.
    """

    content: bytes
    model: bytes
    tensors: tuple[TensorSize, ...]

    @property
    def coded_bits(self) -> float:
        """The bits of weights, gaps and codebooks: what the paper counts."""
        return sum(tensor.coded_bits for tensor in self.tensors if len(tensor.shape) > 1)


def archive(model: bytes) -> Archived:
    """Code a .tflite file; raises CompressionError unless it is decoded to the same bytes."""
    coded = archiving.checked(model, constants(model))
    content = archiving.seal(len(model), {'manifest': b'', **coded.sections})
    return Archived(content, model, tensor_sizes(coded, model))


def tflite_of(classifier: Classifier, conversion: Conversion = FLOAT32) -> bytes:
    """Return the .tflite file of a classifier, for one picture at a time; float32 by default."""
    # Keras counts the models it has built, and their numbers stand in the file.
    tensorflow().keras.backend.clear_session()
    return convert_model(model_of(classifier), 'logits', conversion).tflite


def tflite_accuracy(model: bytes, samples: Samples) -> float:
    """Return the share of samples that a .tflite file knows, one picture after the other."""
    network, known = LiteRt(model, threads=1), 0
    for index, label in enumerate(samples.labels):
        network.set_pixels(samples.inputs(index, index + 1))
        (logits,) = network.outputs().values()
        known += int(logits.argmax()) == int(label)
    return known / len(samples)
