# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""Image in, detections out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from compressed_detector.config import DetectionSettings
from compressed_detector.detection.boxes import class_wise_nms, clip
from compressed_detector.detection.bundle import Bundle
from compressed_detector.detection.classes import class_thresholds, keep_obstacles
from compressed_detector.detection.heads import make_head
from compressed_detector.detection.interpreter import Interpreter, LiteInterpreter
from compressed_detector.detection.letterbox import Letterbox
from compressed_detector.detection.manifest import InputSpec
from compressed_detector.detection.tensors import Tensor, TensorInfo
from compressed_detector.detection.types import Detections, Image

# Bounds the quadratic cost of suppression when a low threshold lets thousands of cells pass.
MAX_CANDIDATES = 1000

# What is left of a box in the padding can be a sliver at the edge of the image, down to the
# rounding error of a float: no object.
MIN_SIDE_PX = 1


class Detector:
    """
    A detector network with everything around it that turns pixels into boxes.

    Not to be shared between threads: the thread that detects owns it.
    """

    def __init__(self, bundle: Bundle, interpreter: Interpreter) -> None:
        """Raise ModelError when the interpreter's tensors are not what the manifest says."""
        bundle.check(interpreter.input, interpreter.outputs)
        self.manifest = bundle.manifest
        self._interpreter = interpreter
        self._head = make_head(bundle.manifest)
        self._roles = {output.tensor: output.role for output in bundle.manifest.outputs}
        self._write_input = _InputWriter(bundle.manifest.input, interpreter.input)

    @classmethod
    def load(cls, manifest_path: Path, num_threads: int) -> Detector:
        """Open a model on disk under the installed runtime; raises ModelError."""
        bundle = Bundle.load(manifest_path)
        return cls(bundle, LiteInterpreter(bundle.model, num_threads))

    @property
    def runtime_name(self) -> str:
        """The library that computes the network."""
        return self._interpreter.runtime_name

    @property
    def inference_s(self) -> float:
        """How long the network itself took for the newest image, 0 before the first."""
        return self._interpreter.inference_s

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names by class id."""
        return self.manifest.labels

    def detect(self, image: Image, settings: DetectionSettings) -> Detections:
        """
        Detect objects in a BGR image (H, W, 3), uint8.

        Boxes are in pixels of that image, clipped to it, best score first; a box with less than
        a pixel inside the image is dropped.
        """
        return next(self.detect_each(image, (settings,)))

    def detect_each(
        self, image: Image, settings: Iterable[DetectionSettings]
    ) -> Iterator[Detections]:
        """
        Yield what detect returns with each of several settings, from one inference.

        The first includes the inference; to be taken before the next image is detected.
        """
        letterbox = self._letterbox(image)
        outputs = self._infer(image, letterbox)
        for each in settings:
            thresholds = class_thresholds(each, self.labels)
            candidates = self._head.decode(outputs, float(thresholds.min()))
            yield _select(keep_obstacles(candidates, thresholds), letterbox, each)

    def _letterbox(self, image: Image) -> Letterbox:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f'expected a BGR image (H, W, 3) of uint8, got {image.shape} of {image.dtype}'
            )
        spec = self.manifest.input
        return Letterbox(image.shape[1], image.shape[0], *spec.size, spec.resize)

    def _infer(self, image: Image, letterbox: Letterbox) -> dict[str, Tensor]:
        outputs = self._interpreter.run(
            lambda array: self._write_input(image, letterbox, array)
        )
        return {role: outputs[tensor] for tensor, role in self._roles.items()}


class _InputWriter:
    """
    Writes an image into the network's input: fitted, in its channel order, as it stores pixels.

    What is stored for a pixel depends on its channel and its 256 possible values only, so it is
    looked up, which takes a tenth of the time of normalizing and rounding.
    """

    def __init__(self, spec: InputSpec, info: TensorInfo) -> None:
        self._spec = spec
        self._table = _stored_pixels(spec, info)[None]
        # What turns the byte of a pixel into the byte that is stored: nothing for uint8, the
        # highest bit for int8. Then the picture is fitted straight into the runtime's memory.
        self._flipped = _flipped_bits(self._table)
        self._in_place = (
            self._flipped is not None and spec.color == 'bgr' and not spec.channels_first)

    def __call__(self, image: Image, letterbox: Letterbox, array: npt.NDArray[Any]) -> None:
        if self._in_place:
            stored = array[0].view(np.uint8)
            letterbox.apply(image, self._spec.pad_value, out=stored)
            if self._flipped:
                np.bitwise_xor(stored, np.uint8(self._flipped), out=stored)
            return
        pixels = letterbox.apply(image, self._spec.pad_value)
        if self._spec.color == 'rgb':
            pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        stored = cv2.LUT(pixels, self._table)
        array[0] = stored.transpose(2, 0, 1) if self._spec.channels_first else stored


def _stored_pixels(spec: InputSpec, info: TensorInfo) -> npt.NDArray[Any]:
    """Return what is stored (256, 3) for each value of a pixel in the network's channel order."""
    real = (np.arange(256)[:, None] - np.array(spec.mean)) / np.array(spec.std)
    if info.quantized:
        limits = np.iinfo(info.dtype)
        real = np.rint(real / info.scale + info.zero_point).clip(limits.min, limits.max)
    stored: npt.NDArray[Any] = real.astype(info.dtype)
    return stored


def _flipped_bits(table: npt.NDArray[Any]) -> int | None:
    """Return the bits that differ between a pixel and what is stored, None if no bits say it."""
    if table.itemsize != 1:
        return None
    flipped = table[0].view(np.uint8) ^ np.arange(256, dtype=np.uint8)[:, None]
    return int(flipped[0, 0]) if (flipped == flipped[0, 0]).all() else None


def _select(
    candidates: Detections, letterbox: Letterbox, settings: DetectionSettings
) -> Detections:
    best = np.argsort(-candidates.scores, kind='stable')[:MAX_CANDIDATES]
    boxes = clip(
        letterbox.to_source(candidates.boxes_xyxy[best]),
        letterbox.source_width,
        letterbox.source_height,
    )
    in_image = (boxes[:, 2:] - boxes[:, :2] >= MIN_SIDE_PX).all(axis=1)
    boxes, best = boxes[in_image], best[in_image]
    scores, class_ids = candidates.scores[best], candidates.class_ids[best]
    kept = class_wise_nms(
        boxes, scores, class_ids, settings.nms_iou_threshold, settings.max_detections)
    return Detections(boxes[kept], scores[kept], class_ids[kept])
