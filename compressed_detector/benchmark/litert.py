# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""A .tflite model under the runtime of the node, ready to be run again and again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from compressed_detector.detection.interpreter import LiteInterpreter
from compressed_detector.detection.types import Floats
from compressed_detector.errors import BenchmarkError, ModelError


class LiteRt:
    """
    A model with an input: noise, until it is given one. The time does not depend on what is in it.

    Raises ModelError for what the runtime refuses.
    """

    def __init__(self, model: bytes, threads: int, batch: int | None = None) -> None:
        self.interpreter = LiteInterpreter(model, threads, batch)
        self.runtime_name = self.interpreter.runtime_name
        info = self.interpreter.input
        noise = np.random.default_rng(0).integers(0, 256, info.shape)
        self._input: npt.NDArray[Any] = noise.astype(info.dtype)

    def set_pixels(self, pixels: Floats) -> None:
        """Give it pixels (1, height, width, channels), 0 to 255, which it normalizes itself."""
        info = self.interpreter.input
        stored = np.rint(pixels / info.scale + info.zero_point) if info.quantized else pixels
        self._input = stored.astype(info.dtype)

    def run(self) -> None:
        """Copy the input in, compute, and copy the outputs out."""
        self.interpreter.run(self._fill)

    def outputs(self) -> dict[str, Floats]:
        """Return what it computes, real numbers, by the names of the tensors."""
        found = self.interpreter.run(self._fill)
        return {name: tensor.real(tensor.values) for name, tensor in found.items()}

    def _fill(self, array: npt.NDArray[Any]) -> None:
        array[...] = self._input


def batched(model: bytes, threads: int, batch: int) -> LiteRt:
    """
    Return a model that takes so many images at once.

    Raises BenchmarkError when the model has only its own number of them: what it was exported for
    may be written into the shapes in its inside.
    """
    try:
        network = LiteRt(model, threads, batch)
        network.run()
    except ModelError as error:
        raise BenchmarkError('its number of images at a time is fixed') from error
    return network
