# Copyright 2026 The compressed_detector authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime, on its CPU execution provider."""

from __future__ import annotations

from collections.abc import Mapping

from compressed_detector.benchmark.peers.peer import (
    Exported,
    Opener,
    channels_first,
    channels_last,
)
from compressed_detector.detection.types import Floats


class _Runner:
    """A session."""

    def __init__(self, exported: Exported, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session = onnxruntime.InferenceSession(
            exported.onnx, options, providers=['CPUExecutionProvider'])
        self._roles = list(exported.roles)
        self.set_pixels(exported.pictures[0])

    def set_pixels(self, pixels: Floats) -> None:
        """Give it a picture (1, height, width, channels), 0 to 255."""
        self._inputs = {self._session.get_inputs()[0].name: channels_first(pixels)}

    def run(self) -> list[Floats]:
        """Compute."""
        results: list[Floats] = self._session.run(self._roles, self._inputs)
        return results

    def outputs(self) -> Mapping[str, Floats]:
        """Return what it computes by role."""
        return dict(zip(self._roles, map(channels_last, self.run())))


def prepare(exported: Exported) -> Opener:
    """Return what opens the network."""
    return lambda threads: _Runner(exported, threads)
